//! The QR codes of the page, read with a decoder that other programs use.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use rqrr::PreparedImage;
use serde::Deserialize;

/// Pixels for each module.
const SCALE: usize = 3;
/// Light modules on each side.
const QUIET: usize = 4;

/// Prints each symbol as a line of JSON: those of all versions with their own masks, and one with each mask.
const SYMBOLS: &str = r#"
    import { BYTES_MAX, QUIET_ZONE, qrCode } from "./assets/page/qr.js";
    const link = "https://groups.example/join/aZ09-_aZ09-_aZ09-_aZ09-_aZ09-_aZ";
    const texts = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213].flatMap((bytes) => [bytes, bytes - 1]).map((bytes) => link.repeat(4).slice(0, bytes));
    const print = (text, mask) => {
      const { size, isDark, ...code } = qrCode(text, mask);
      const rows = Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => (isDark(x, y) ? "1" : "0")).join(""));
      console.log(JSON.stringify({ ...code, text, rows, quiet_zone: QUIET_ZONE }));
    };
    for (const text of [...texts, link, "Grüße 👋"]) print(text);
    for (let mask = 0; mask < 8; mask += 1) print(link, mask);
    if (qrCode("x".repeat(BYTES_MAX + 1)) !== null) throw new Error("too long");
"#;

#[derive(Deserialize)]
struct Symbol {
    text: String,
    version: usize,
    mask: u16,
    rows: Vec<String>,
    quiet_zone: usize,
}

impl Symbol {
    /// What a reader sees of a picture of the symbol: the text, its version and its mask.
    fn read(&self) -> (String, usize, u16) {
        let edge = (self.rows.len() + 2 * QUIET) * SCALE;
        let is_dark = |x: usize, y: usize| {
            let module = |at: usize| (at / SCALE).checked_sub(QUIET);
            let row = module(y).and_then(|y| self.rows.get(y));
            row.zip(module(x)).is_some_and(|(row, x)| row.as_bytes().get(x) == Some(&b'1'))
        };
        let mut picture = PreparedImage::prepare_from_greyscale(edge, edge, |x, y| if is_dark(x, y) { 0 } else { 255 });
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1, "{}", self.text);
        let (meta, text) = grids[0].decode().unwrap();
        assert_eq!(meta.ecc_level, 0, "level M");
        (text, meta.version.0, meta.mask)
    }
}

#[test]
fn a_decoder_reads_the_codes_of_every_version_and_mask() {
    let program = ["--input-type=module", "--eval", SYMBOLS];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let Ok(output) = Command::new("node").args(program).current_dir(folder).stdin(Stdio::null()).output() else {
        untested::skip("Node.js");
        return;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    let symbols: Vec<Symbol> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for symbol in &symbols {
        assert_eq!(symbol.quiet_zone, QUIET);
        assert_eq!(symbol.read(), (symbol.text.clone(), symbol.version, symbol.mask));
    }
    let versions: Vec<_> = symbols.iter().take(20).map(|symbol| symbol.version).collect();
    let full: Vec<_> = (1..=10).flat_map(|version| [version; 2]).collect();
    assert_eq!(versions, full, "each version is used up to its last byte");
    let masks: Vec<_> = symbols.iter().rev().take(8).map(|symbol| symbol.mask).collect();
    assert_eq!(masks, [7, 6, 5, 4, 3, 2, 1, 0]);
}
