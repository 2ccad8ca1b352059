//! The encryption that a URL requires: `sslmode` and `sslrootcert`, as in libpq
//! (<https://www.postgresql.org/docs/current/libpq-ssl.html>).

use std::path::PathBuf;

use crate::OpenError;
use crate::url::percent_decoded;

/// How a connection must be protected. The weaker modes are no safer than in libpq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Never encrypted.
    Disable,
    /// Encrypted if the server offers it, without verifying the server. The default.
    Prefer,
    /// Encrypted, without verifying the server; with a root certificate, same as `VerifyCa`.
    Require,
    /// Encrypted; the server's certificate must be signed by a trusted authority.
    VerifyCa,
    /// Encrypted; the server's certificate must be signed by a trusted authority and valid for the
    /// host name.
    VerifyFull,
}

/// The encryption parameters of a URL, and the rest of the URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Demands {
    pub(super) mode: Mode,
    /// A PEM file with the certificates of the trusted authorities. `None`: those of the system.
    pub(super) root_file: Option<PathBuf>,
    /// The URL without these parameters.
    pub(super) url: String,
}

impl Demands {
    pub(super) fn of(url: &str) -> Result<Self, OpenError> {
        let bad = |detail: String| OpenError::Encryption { detail };
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut mode, mut root_file, mut rest) = (Mode::Prefer, None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=').unwrap_or((parameter, "")) {
                ("sslmode", value) => {
                    mode = match value {
                        "disable" => Mode::Disable,
                        "prefer" => Mode::Prefer,
                        "require" => Mode::Require,
                        "verify-ca" => Mode::VerifyCa,
                        "verify-full" => Mode::VerifyFull,
                        _ => {
                            let modes = "disable, prefer, require, verify-ca or verify-full";
                            return Err(bad(format!("sslmode={value} is invalid: use one of {modes}")));
                        }
                    }
                }
                ("sslrootcert", value) => {
                    let path = percent_decoded(value).filter(|path| !path.is_empty());
                    let path = path.ok_or_else(|| bad(format!("sslrootcert={value} is not a valid path")))?;
                    // libpq's name for the system's certificates.
                    root_file = (path != "system").then(|| PathBuf::from(path));
                }
                (name @ ("sslcert" | "sslkey" | "sslcrl"), _) => return Err(bad(format!("{name} is not supported"))),
                _ => rest.push(parameter),
            }
        }
        if mode == Mode::Require && root_file.is_some() {
            mode = Mode::VerifyCa;
        }
        let url = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
        Ok(Self { mode, root_file, url })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn tls_settings_are_removed_from_the_url_and_the_rest_is_kept() {
        let url = "postgres://ada@host/db?connect_timeout=3&sslmode=verify-full&sslrootcert=%2Fetc%2Fca%20file.pem&x=y";
        let root_file = Some(PathBuf::from("/etc/ca file.pem"));
        let rest = "postgres://ada@host/db?connect_timeout=3&x=y".to_owned();
        assert_eq!(Demands::of(url).unwrap(), Demands { mode: Mode::VerifyFull, root_file, url: rest });
        let plain = "postgres://ada@host/db";
        assert_eq!(Demands::of(plain).unwrap(), Demands { mode: Mode::Prefer, root_file: None, url: plain.to_owned() });
    }

    #[test]
    fn sslmode_require_with_a_root_certificate_verifies_the_certificate() {
        let mode = |query: &str| Demands::of(&format!("postgres://host/db?{query}")).map(|demands| demands.mode);
        assert_eq!(mode("sslmode=require"), Ok(Mode::Require));
        assert_eq!(mode("sslmode=require&sslrootcert=ca.pem"), Ok(Mode::VerifyCa));
        assert_eq!(mode("sslmode=verify-full&sslrootcert=system"), Ok(Mode::VerifyFull));
    }

    #[test]
    fn unsupported_tls_settings_are_refused() {
        for query in ["sslmode=allow", "sslmode=", "sslmode", "sslrootcert=", "sslrootcert=%f", "sslkey=key.pem"] {
            let error = Demands::of(&format!("postgres://host/db?{query}")).unwrap_err();
            assert!(matches!(error, OpenError::Encryption { .. }), "{query}: {error}");
        }
    }
}
