//! `If-Match` (RFC 9110 section 13.1.1): the group versions that a request accepts.

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;

use actix_web::http::header::{self, HeaderMap};
use groups_domain::Version;

use crate::{Code, Problem};

/// The entity tags of an `If-Match` header as versions, in ascending order. Never empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IfMatch(Vec<Version>);

impl IfMatch {
    /// Returns `None` if the header is absent or `*`.
    ///
    /// # Errors
    /// [`Code::MalformedRequest`] if it is neither `*` nor a list of entity tags.
    pub(super) fn of(headers: &HeaderMap) -> Result<Option<Self>, Problem> {
        // RFC 9110 section 5.3: several header lines form one list.
        let lines: Vec<_> = headers.get_all(header::IF_MATCH).map(|line| line.as_bytes()).collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let list = lines.join(&b',');
        if list.trim_ascii() == b"*" {
            return Ok(None);
        }
        let mut versions = versions(&list)
            .filter(|versions| !versions.is_empty())
            .ok_or_else(|| Problem::malformed("`If-Match` must be `*` or a list of entity tags such as `\"7\"`."))?;
        versions.sort_unstable();
        Ok(Some(Self(versions)))
    }

    /// The version to try first.
    pub(super) fn lowest(&self) -> Version {
        self.0[0]
    }

    pub(super) fn names(&self, version: Version) -> bool {
        self.0.contains(&version)
    }

    /// The error for a group whose version is not listed.
    pub(super) fn mismatch(current: Version) -> Problem {
        let detail = format!("The group has changed: its entity tag is now `\"{current}\"`.");
        Problem::new(Code::VersionMismatch, detail)
    }
}

/// Parses a list whose elements may be empty (RFC 9110 section 5.6.1.2). `None` if an element is
/// not an entity tag.
fn versions(list: &[u8]) -> Option<Vec<Version>> {
    let (mut versions, mut rest) = (Vec::new(), list.trim_ascii_start());
    while let Some(&first) = rest.first() {
        if first != b',' {
            let (version, behind) = version(rest)?;
            versions.push(version);
            rest = behind.trim_ascii_start();
        }
        match rest.split_first() {
            Some((b',', behind)) => rest = behind.trim_ascii_start(),
            Some(_) => return None,
            None => break,
        }
    }
    Some(versions)
}

/// Parses an entity tag (RFC 9110 section 8.8.3). Returns it with the remaining text.
///
/// A tag that the service never issues, such as a weak one, matches nothing and is mapped to
/// version 0.
fn version(text: &[u8]) -> Option<(Version, &[u8])> {
    let (is_weak, quoted) = text.strip_prefix(b"W/").map_or((false, text), |quoted| (true, quoted));
    let opaque = quoted.strip_prefix(b"\"")?;
    let end = opaque.iter().position(|&byte| byte == b'"')?;
    let (opaque, behind) = (&opaque[..end], &opaque[end + 1..]);
    if !opaque.iter().all(|&byte| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..)) {
        return None;
    }
    let number = std::str::from_utf8(opaque).ok().and_then(|opaque| opaque.parse().ok().map(|number| (opaque, number)));
    // Only the canonical form matches: "07" is a different tag than "7".
    let number = number.filter(|(opaque, number): &(&str, u64)| !is_weak && number.to_string() == *opaque);
    Some((Version::new(number.map_or(0, |(_, number)| number)), behind))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

    use actix_web::http::header::HeaderValue;

    use super::*;

    fn of(lines: &[&[u8]]) -> Result<Option<Vec<u64>>, Problem> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::IF_MATCH, HeaderValue::from_bytes(line).unwrap());
        }
        let numbers = |IfMatch(versions)| versions.into_iter().map(Version::get).collect();
        Ok(IfMatch::of(&headers)?.map(numbers))
    }

    #[test]
    fn entity_tag_lists_are_parsed_as_in_the_rfc() {
        assert_eq!(of(&[]), Ok(None));
        assert_eq!(of(&[b"*"]), Ok(None));
        assert_eq!(of(&[b" * "]), Ok(None));
        let lists: [(&[u8], &[u64]); 14] = [
            (b"\"7\"", &[7]),
            (b"\"9\",\"7\"", &[7, 9]),
            (b" \"9\" \t, \"7\" ", &[7, 9]),
            (b",\"9\",, ,\"7\",", &[7, 9]),
            (b"\"a,b\", \"10\"", &[0, 10]),
            (b"\"10\",\",\"", &[0, 10]),
            (b"\"W/\",\"10\"", &[0, 10]),
            (b"W/\"7\", \"8\"", &[0, 8]),
            (b"W/\"a,b\"", &[0]),
            (b"\"\"", &[0]),
            (b"\"\xc3\xa9\xff\"", &[0]),
            (b"\"07\"", &[0]),
            (b"\"+7\"", &[0]),
            (b"\"99999999999999999999\"", &[0]),
        ];
        for (list, versions) in lists {
            assert_eq!(of(&[list]), Ok(Some(versions.to_vec())), "{}", String::from_utf8_lossy(list));
        }
        assert_eq!(of(&[b"\"9\"", b"\"a,b\", \"7\""]), Ok(Some(vec![0, 7, 9])), "several lines");
    }

    #[test]
    fn an_invalid_entity_tag_list_is_refused() {
        let lists: [&[u8]; 17] = [
            b"",
            b" ",
            b",",
            b", ,",
            b"7",
            b"\"7",
            b"7\"",
            b"\"",
            b"W/",
            b"W/7",
            b"w/\"7\"",
            b"W/ \"7\"",
            b"\"7\" \"8\"",
            b"\"7\"8",
            b"\"a b\"",
            b"*, \"7\"",
            b"\"7\", *",
        ];
        for list in lists {
            assert!(of(&[list]).is_err(), "{}", String::from_utf8_lossy(list));
        }
        assert!(of(&[b"*", b"\"7\""]).is_err() && of(&[b"\"7\"", b"*"]).is_err());
        assert_eq!(of(&[b"", b"\"7\""]), Ok(Some(vec![7])), "an empty line in a list that is none");
    }
}
