//! W3C Trace Context (<https://www.w3.org/TR/trace-context/>).

/// A span, and whether it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TraceContext {
    pub(super) trace_id: u128,
    pub(super) span_id: u64,
    pub(super) sampled: bool,
}

impl TraceContext {
    /// Parses a `traceparent`. `None` if it is invalid, which begins a new trace.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split('-');
        let mut field = |length: usize| {
            let field = fields.next().filter(|field| field.len() == length)?;
            field.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(field)
        };
        let version = field(2).filter(|version| *version != "ff")?;
        let trace_id = u128::from_str_radix(field(32)?, 16).ok().filter(|id| *id != 0)?;
        let span_id = u64::from_str_radix(field(16)?, 16).ok().filter(|id| *id != 0)?;
        let flags = u8::from_str_radix(field(2)?, 16).ok()?;
        // Later versions may have more fields.
        if version == "00" && fields.next().is_some() {
            return None;
        }
        Some(Self { trace_id, span_id, sampled: flags & 1 == 1 })
    }

    /// Another span of the same trace.
    pub(super) fn child(self, span_id: u64) -> Self {
        Self { span_id, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_accepted_as_the_standard_says() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let context = |sampled| {
            let trace_id = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
            Some(TraceContext { trace_id, span_id: 0xb7ad_6b71_6920_3331, sampled })
        };
        let parse = TraceContext::parse;
        assert_eq!(parse(&format!("00-{trace}-b7ad6b7169203331-01")), context(true));
        assert_eq!(parse(&format!("00-{trace}-b7ad6b7169203331-00")), context(false));
        assert_eq!(parse(&format!("cc-{trace}-b7ad6b7169203331-01-what-else")), context(true));
        for invalid in [
            String::new(),
            format!("00-{trace}-b7ad6b7169203331"),
            format!("00-{trace}-b7ad6b7169203331-01-more"),
            format!("ff-{trace}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()),
            format!("00-{trace}-0000000000000000-01"),
            format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
        ] {
            assert_eq!(parse(&invalid), None, "{invalid}");
        }
    }
}
