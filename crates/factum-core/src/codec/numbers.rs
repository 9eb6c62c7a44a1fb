//! The numbers of a JSON text, digit by digit: a reader rounds what no machine number can hold.

use super::RecodeError;

/// Up to this many digits, a fraction comes back from an `f64` as it went in.
const DIGITS_ALWAYS_EXACT: usize = f64::DIGITS as usize;

/// Refuses a text with a number that neither 64 bits of integer nor an `f64` can give back.
/// The text must be JSON.
pub(super) fn check(json: &[u8]) -> Result<(), RecodeError> {
    let mut rest = json;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'"' => rest = after_string(after),
            b'-' | b'0'..=b'9' => {
                let of_number =
                    |it: &&u8| matches!(it, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let end = rest.iter().take_while(of_number).count();
                let (number, after) = rest.split_at(end);
                if !std::str::from_utf8(number).is_ok_and(is_kept) {
                    return Err(RecodeError::new(
                        "expected numbers that 64 bits can hold exactly, found one of more digits",
                    ));
                }
                rest = after;
            }
            _ => rest = after,
        }
    }
    Ok(())
}

fn after_string(text: &[u8]) -> &[u8] {
    let mut escaped = false;
    let closes = |byte: &u8| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    };
    text.iter().position(closes).map_or(&[], |end| &text[end + 1..])
}

fn is_kept(number: &str) -> bool {
    if number.bytes().all(|it| it.is_ascii_digit() || it == b'-') {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let exponent = number.bytes().any(|it| matches!(it, b'e' | b'E'));
    if !exponent && number.len() <= DIGITS_ALWAYS_EXACT {
        return true;
    }
    let Some(kept) = number.parse::<f64>().ok().filter(|it| it.is_finite()) else { return false };
    let Some(said) = decimal(number) else { return false };
    let shortest = decimal(&format!("{kept:e}")).expect("a finite number has digits");
    said == shortest || is_as_near(kept, &said, &shortest)
}

/// Whether two decimals are equally far from a number: where it lies half way between two of its shortest
/// texts, programs differ in which one they write.
fn is_as_near(kept: f64, said: &Decimal, shortest: &Decimal) -> bool {
    // Every digit it has.
    let exact = decimal(&format!("{kept:.800e}")).expect("a finite number has digits");
    let in_last_digits = |(digits, power): &Decimal| {
        let zeros = u32::try_from(power - exact.1).ok()?;
        digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(zeros)?)
    };
    let distance = |it| Some((in_last_digits(it)? - in_last_digits(&exact)?).abs());
    distance(said).is_some_and(|it| Some(it) == distance(shortest))
}

/// The digits of a number without zeros at either end, and the power of ten of the last one.
type Decimal = (String, i64);

fn decimal(number: &str) -> Option<Decimal> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let kept = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - kept.len()).ok()?;
    let power = exponent.checked_sub_unsigned(fraction.len() as u64)?.checked_add(zeros)?;
    let kept = kept.trim_start_matches('0');
    Some((kept.into(), if kept.is_empty() { 0 } else { power }))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn numbers_are_kept_or_refused() {
        for kept in [
            "0",
            "-0",
            "-0.0",
            "1.10",
            "0.10000000000000000",
            "1E5",
            "1.5e+3",
            "12.5e-1",
            "0e7",
            "9007199254740993",
            "123456789.12345678",
            "2.2250738585072014e-308",
            "5.960464477539062e-8",
            "5.960464477539063e-8",
            r#"{"1e999":"0.12345678901234567891","\"-1e999":[1,-2]}"#,
        ] {
            assert!(check(kept.as_bytes()).is_ok(), "{kept}");
        }
        for lost in [
            "18446744073709551616",
            "-9223372036854775809",
            "0.12345678901234567891",
            "1e999",
            "1e-999",
            "3.14159265358979323846",
            "5.9604644775390626e-8",
            r#"{"a\\":[1,"x",1e400]}"#,
            "100000000000000000000001.0",
        ] {
            assert!(check(lost.as_bytes()).is_err(), "{lost}");
        }
    }
}
