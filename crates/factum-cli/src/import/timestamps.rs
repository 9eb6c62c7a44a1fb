//! Times as files write them.

use factum::{InvalidTime, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Reads RFC 3339 with `T` or a space; without a zone it is UTC, without a time it is midnight.
pub(crate) fn parse(text: &str) -> Result<Timestamp, InvalidTime> {
    let text = text.trim();
    text.parse().or_else(|error| {
        let local: Option<DateTime> = text.parse().ok();
        let at = local.and_then(|it| it.to_zoned(TimeZone::UTC).ok());
        at.map(|it| Timestamp::from_micros(it.timestamp().as_microsecond())).ok_or(error)
    })
}

/// Whether the time says everything that the text says.
pub(super) fn is_exact(at: Timestamp, text: &str) -> bool {
    text.ends_with('Z') && at.to_string() == text
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn zones_spaces_and_their_absence_are_understood() {
        for (text, utc) in [
            ("2011-10-11T13:42:22.688+02:00", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11 13:42:22.688000+02:00", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11T13:42:22.688+0200", "2011-10-11T11:42:22.688Z"),
            ("2011-10-11T13:42:22Z", "2011-10-11T13:42:22Z"),
            ("2011-10-11 13:42:22", "2011-10-11T13:42:22Z"),
            (" 2011-10-11T13:42 ", "2011-10-11T13:42:00Z"),
            ("2011-10-11", "2011-10-11T00:00:00Z"),
        ] {
            assert_eq!(parse(text).unwrap().to_string(), utc, "{text}");
        }
        assert!(parse("").is_err() && parse("11.10.2011").is_err());
    }
}
