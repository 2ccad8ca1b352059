//! Certificates of an authority that only the test trusts.

use std::{path::Path, process::Command};

/// Makes a certificate for `localhost` and 127.0.0.1 in this folder: `server.pem` and `server.key`. Its
/// authority is `ca.pem`, which is created the first time. `false`, with a message, if `openssl` is not
/// installed.
pub(crate) fn certify(folder: &Path) -> bool {
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=test";
    let script = format!(
        "([ -e ca.pem ] || openssl req -x509 {new} -keyout ca.key -out ca.pem -days 7) && \
         openssl req {new} -keyout new.key -out server.csr && \
         echo subjectAltName=DNS:localhost >server.txt && \
         openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 7 -extfile server.txt -out new.pem && \
         mv new.key server.key && mv new.pem server.pem"
    );
    let made = Command::new("sh").arg("-c").arg(script).current_dir(folder).output().expect("sh runs");
    if !made.status.success() {
        untested::skip("openssl");
    }
    made.status.success()
}
