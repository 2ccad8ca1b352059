//! The header `Cache-Control` of a response (RFC 9111 section 5.2.2).

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::CACHE_CONTROL;

/// For how long a response stays fresh; `None` if it does not say so. `no-store` and `no-cache` count
/// as zero.
pub(super) fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives = values.flat_map(|value| value.split(',')).map(|directive| directive.trim().to_ascii_lowercase());
    let ages = directives.filter_map(|directive| match directive.as_str() {
        "no-store" | "no-cache" => Some(0),
        // Section 1.2.2: a value that is too large counts as the largest.
        other => {
            let digits = other.strip_prefix("max-age=")?.trim_matches('"');
            let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            number.then(|| digits.parse().unwrap_or(u64::MAX))
        }
    });
    ages.min().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn the_shortest_age_counts() {
        for (values, seconds) in [
            (&[][..], None),
            (&["public"], None),
            (&["public, max-age=600"], Some(600)),
            (&["Max-Age=\"60\""], Some(60)),
            (&["max-age=600", "no-cache"], Some(0)),
            (&["max-age=600, max-age=30"], Some(30)),
            (&["max-age=soon", "max-age=", "max-age=-1", "s-maxage=5"], None),
            (&["max-age=99999999999999999999999"], Some(u64::MAX)),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(value));
            }
            assert_eq!(max_age(&headers), seconds.map(Duration::from_secs), "{values:?}");
        }
    }
}
