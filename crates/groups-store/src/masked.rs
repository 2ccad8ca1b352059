//! URLs without their secrets.

/// Parameters whose values are not secret. All others are hidden, so that a new or misspelled
/// secret is hidden too.
const SHOWN_PARAMETERS: [&str; 10] = [
    "mode",
    "host",
    "port",
    "dbname",
    "user",
    "sslmode",
    "sslrootcert",
    "application_name",
    "connect_timeout",
    "target_session_attrs",
];

/// Masks a URL for display and logs: removes user names, passwords and the values of parameters
/// that may be secret.
///
/// Also accepts several comma-separated URLs, as NATS uses them.
pub fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // A path, or something that only looks like one.
        return if url.contains('=') || url.contains('@') { "…".to_owned() } else { url.to_owned() };
    };
    let (base, query) = rest.split_once('?').map_or((rest, None), |(base, query)| (base, Some(query)));
    // An `@` in the query may end a password that contains an unescaped question mark.
    if query.is_some_and(|query| query.contains('@')) {
        return format!("{scheme}://…");
    }
    let base = base.rsplit_once('@').map_or(base.to_owned(), |(_, host)| format!("…@{host}"));
    let Some(query) = query else { return format!("{scheme}://{base}") };
    let shown = query.split('&').map(|parameter| match parameter.split_once('=') {
        Some((name, value)) if SHOWN_PARAMETERS.contains(&name) => format!("{name}={value}"),
        Some((name, _)) => format!("{name}=…"),
        None => "…".to_owned(),
    });
    format!("{scheme}://{base}?{}", shown.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_displayed_url_hides_its_secrets() {
        for (url, shown) in [
            ("sqlite://groups.db?mode=rwc", "sqlite://groups.db?mode=rwc"),
            ("/var/lib/groups.db", "/var/lib/groups.db"),
            ("postgres://host/db", "postgres://host/db"),
            ("postgres://ada:hunter2@host:5432/db", "postgres://…@host:5432/db"),
            ("postgres://ada:hun@ter2@host/db", "postgres://…@host/db"),
            ("postgres://ada:hun?ter2@host/db", "postgres://…"),
            ("postgres://host/db?user=u&password=hunter2", "postgres://host/db?user=u&password=…"),
            ("postgres://host/db?pass%77ord=hunter2", "postgres://host/db?pass%77ord=…"),
            ("postgres://host/db?PASSWORD=hunter2&sslpassword=hunter2", "postgres://host/db?PASSWORD=…&sslpassword=…"),
            ("postgres://host/db?password=hunter2@x", "postgres://…"),
            ("postgres://host/db?hunter2", "postgres://host/db?…"),
            ("host=h password=hunter2", "…"),
            ("nats://a:hunter2@h1,nats://hunter2@h2:4222", "nats://…@h2:4222"),
        ] {
            assert_eq!(masked(url), shown, "{url}");
            assert!(!masked(url).contains("hunter2"));
        }
    }
}
