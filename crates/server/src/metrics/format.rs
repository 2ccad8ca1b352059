//! The two text formats that Prometheus reads, by the `Accept` header of the request.

use actix_web::http::header::{self, HeaderMap};

/// A text format for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>, for tools that do not ask for
    /// the other one, such as `promtool check metrics`.
    Prometheus,
}

impl Format {
    pub(crate) fn accepted_by(headers: &HeaderMap) -> Self {
        let mut accepted = headers.get_all(header::ACCEPT).filter_map(|accept| accept.to_str().ok());
        match accepted.any(|accept| accept.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Prometheus,
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Converts a text in the OpenMetrics format. In the older format, the metadata of a counter has
    /// the name of its sample, and there are no units, no infos and no end mark.
    pub(super) fn of_open_metrics(self, text: String) -> String {
        if self == Self::OpenMetrics {
            return text;
        }
        let mut converted = String::with_capacity(text.len());
        let mut help = None;
        for line in text.lines() {
            let Some(metadata) = line.strip_prefix("# ") else {
                converted.push_str(line);
                converted.push('\n');
                continue;
            };
            if let Some(rest) = metadata.strip_prefix("HELP ") {
                help = rest.split_once(' ').map(|(_, help)| help);
            } else if let Some((name, kind)) = metadata.strip_prefix("TYPE ").and_then(|rest| rest.split_once(' ')) {
                let (suffix, kind) = match kind {
                    "counter" => ("_total", "counter"),
                    "info" => ("_info", "gauge"),
                    kind => ("", kind),
                };
                let help = help.take().unwrap_or_default();
                converted.push_str(&format!("# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}\n"));
            }
        }
        converted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_the_older_format() {
        let text = "# HELP a A.\n# TYPE a counter\na_total{b=\"# c\"} 1\n# HELP d D.\n# TYPE d gauge\n# UNIT d seconds\nd 2\n\
                    # HELP e E.\n# TYPE e info\ne_info{v=\"1\"} 1\n# EOF\n";
        let older = "# HELP a_total A.\n# TYPE a_total counter\na_total{b=\"# c\"} 1\n# HELP d D.\n# TYPE d gauge\nd 2\n\
                     # HELP e_info E.\n# TYPE e_info gauge\ne_info{v=\"1\"} 1\n";
        assert_eq!(Format::Prometheus.of_open_metrics(text.to_owned()), older);
        assert_eq!(Format::OpenMetrics.of_open_metrics(text.to_owned()), text);
    }
}
