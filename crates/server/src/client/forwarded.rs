//! The headers in which proxies name their clients: `Forwarded` (RFC 7239) and `X-Forwarded-For`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName};

/// The client of one proxy. `None` if the proxy does not tell, or the entry is malformed.
pub(super) struct Hop(pub(super) Option<IpAddr>);

/// What one proxy says in `Forwarded`.
pub(super) struct Element {
    pub(super) hop: Hop,
    pub(super) host: Option<String>,
}

impl Element {
    const MALFORMED: Self = Self { hop: Hop(None), host: None };

    fn parse(element: &str) -> Self {
        let (mut hop, mut host) = (None, None);
        for pair in split(element, ';').unwrap_or_default() {
            let Some((name, value)) = pair.trim().split_once('=') else { return Self::MALFORMED };
            let value = unquoted(value);
            let slot = match name.to_ascii_lowercase().as_str() {
                "for" => &mut hop,
                "host" => &mut host,
                _ => continue,
            };
            // RFC 7239 section 4: each parameter occurs at most once.
            if slot.replace(value).is_some() {
                return Self::MALFORMED;
            }
        }
        Self { hop: Hop(hop.as_deref().and_then(address)), host }
    }
}

/// The clients in `X-Forwarded-For`, from the nearest proxy to the farthest.
pub(super) fn hops_of_list(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    lines(headers, header::X_FORWARDED_FOR)
        .flat_map(|line| line.unwrap_or_default().rsplit(','))
        .map(|entry| Hop(address(entry.trim())))
}

/// The elements of `Forwarded`, from the nearest proxy to the farthest.
pub(super) fn hops_of_forwarded(headers: &HeaderMap) -> impl Iterator<Item = Element> {
    lines(headers, header::FORWARDED).flat_map(|line| {
        // An unbalanced quotation may hide what a proxy has appended.
        let elements = line.and_then(|line| split(line, ','));
        let elements = elements.unwrap_or_else(|| vec![""]);
        elements.into_iter().rev().map(Element::parse)
    })
}

/// The lines of a header, last first. `None`: not ASCII.
fn lines(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = Option<&str>> {
    let lines: Vec<_> = headers.get_all(name).map(|line| line.to_str().ok()).collect();
    lines.into_iter().rev()
}

/// Splits at a separator outside of quotations. `None` if a quotation does not end.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped) = (false, false);
    for (at, char) in text.char_indices() {
        match char {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            char if char == separator && !quoted => {
                parts.push(&text[start..at]);
                start = at + char.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (!quoted).then_some(parts)
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    let Some(quoted) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut escaped = false;
    quoted
        .chars()
        .filter(|char| {
            escaped = *char == '\\' && !escaped;
            !escaped
        })
        .collect()
}

/// An address, with or without a port. IPv6 addresses may have brackets.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Some((address, port)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_port = port.is_empty() || port.starts_with(':');
        return if is_port { address.parse().ok().map(IpAddr::V6) } else { None };
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address.ip());
    }
    // RFC 7239 section 6: the port may be obfuscated.
    let (address, _) = text.split_once(':')?;
    address.parse::<Ipv4Addr>().ok().map(IpAddr::V4)
}
