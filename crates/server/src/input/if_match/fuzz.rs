//! What must hold for any bytes as `If-Match`. Shared by a property test and the fuzz target
//! `if_match`.

use actix_web::http::header::HeaderValue;

use super::*;

/// Versions are named lowest first, and written as a list again they are read as the same.
pub(crate) fn if_match(line: &[u8]) {
    let of = |value: HeaderValue| {
        let mut headers = HeaderMap::new();
        headers.append(header::IF_MATCH, value);
        IfMatch::of(&headers)
    };
    let Ok(value) = HeaderValue::from_bytes(line) else { return };
    if let Ok(Some(tags)) = of(value) {
        assert!(tags.0.is_sorted() && tags.names(tags.lowest()), "{tags:?}");
        let list: Vec<String> = tags.0.iter().map(|version| format!("\"{version}\"")).collect();
        let again = HeaderValue::from_str(&list.join(", ")).map(of);
        assert!(matches!(again, Ok(Ok(Some(same))) if same == tags), "{list:?}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_are_versions_or_refused(
            line in proptest::collection::vec(
                prop_oneof![4 => proptest::sample::select(b"\"\",W/* 0179".to_vec()), 1 => any::<u8>()], 0..24),
        ) {
            super::if_match(&line);
        }
    }
}
