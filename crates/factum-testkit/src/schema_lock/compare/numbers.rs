//! Formats and bounds, which may become wider.

use serde_json::Value;

/// How a bound has changed.
pub(super) enum Bound {
    Wider,
    Narrower,
}

/// How many bits of a whole number a format holds, and whether one of them is the sign. That a
/// fraction is no whole number is a matter of the type.
struct Numbers {
    bits: u32,
    signed: bool,
}

/// What is wrong about the format, if anything is.
pub(super) fn format(old: Option<&Value>, new: Option<&Value>) -> Option<String> {
    let new = new?;
    let name = |it: &Value| it.as_str().unwrap_or_default().to_owned();
    let new_name = name(new);
    let Some(old) = old else {
        return Some(format!("has the format {new_name} now, had none"));
    };
    if old == new {
        return None;
    }
    let old_name = name(old);
    match (numbers(&old_name), numbers(&new_name)) {
        (Some(old), Some(new)) if holds(&new, &old) => None,
        (Some(_), Some(_)) => Some(format!("{new_name} does not hold every {old_name}")),
        _ => Some(format!("has the format {new_name} now, had {old_name}")),
    }
}

fn numbers(format: &str) -> Option<Numbers> {
    let whole = |bits, signed| Some(Numbers { bits, signed });
    match format {
        // These hold whole numbers up to so many bits exactly, of either sign.
        "float" => return whole(25, true),
        "double" => return whole(54, true),
        "uint" => return whole(64, false),
        "int" => return whole(64, true),
        _ => {}
    }
    let (bits, signed) = format
        .strip_prefix("uint")
        .map(|it| (it, false))
        .or(format.strip_prefix("int").map(|it| (it, true)))?;
    bits.parse().ok().and_then(|bits| whole(bits, signed))
}

fn holds(new: &Numbers, old: &Numbers) -> bool {
    match (old.signed, new.signed) {
        (true, false) => false,
        (false, true) => new.bits > old.bits,
        _ => new.bits >= old.bits,
    }
}

/// How a bound has changed; `None` if the keyword is no bound.
pub(super) fn bound(key: &str, old: Option<&Value>, new: Option<&Value>) -> Option<Bound> {
    let is_lower = match key {
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => true,
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => false,
        _ => return None,
    };
    let wider = match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) if is_lower => at_most(new, old),
        (Some(old), Some(new)) => at_most(old, new),
    };
    Some(if wider { Bound::Wider } else { Bound::Narrower })
}

fn at_most(low: &Value, high: &Value) -> bool {
    match (low.as_i64(), high.as_i64()) {
        (Some(low), Some(high)) => low <= high,
        _ => low.as_f64().zip(high.as_f64()).is_some_and(|(low, high)| low <= high),
    }
}
