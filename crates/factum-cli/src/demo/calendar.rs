//! When people work: Monday to Friday, nine to five, UTC.

use factum::Timestamp;

const SECOND: i64 = 1_000_000;
pub(super) const MINUTE: i64 = 60 * SECOND;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
const OPENS: i64 = 9 * HOUR;
const CLOSES: i64 = 17 * HOUR;

/// 1970-01-01 was a Thursday.
fn weekday(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

/// The first moment at or after `at` when the office is open.
pub(super) fn office_time(at: Timestamp) -> Timestamp {
    let micros = at.as_micros();
    let (mut day, of_day) = (micros.div_euclid(DAY), micros.rem_euclid(DAY));
    if weekday(day) < 5 && (OPENS..CLOSES).contains(&of_day) {
        return at;
    }
    if of_day >= CLOSES || weekday(day) >= 5 {
        day += 1;
    }
    while weekday(day) >= 5 {
        day += 1;
    }
    // People start at nine, but not all in the same second.
    let settle = micros.rem_euclid(25 * MINUTE);
    Timestamp::from_micros(day * DAY + OPENS + settle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evenings_and_weekends_wait_for_the_next_working_day() {
        for (at, day) in [
            ("2024-01-05T12:00:00Z", "2024-01-05T12:00"), // Friday noon
            ("2024-01-05T18:00:00Z", "2024-01-08T09:"),
            ("2024-01-06T12:00:00Z", "2024-01-08T09:"),
            ("2024-01-08T03:00:00Z", "2024-01-08T09:"),
        ] {
            let opens = office_time(at.parse().unwrap()).to_string();
            assert!(opens.starts_with(day), "{at}: {opens}");
        }
    }
}
