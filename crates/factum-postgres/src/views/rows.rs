//! Rows on their way back, as values.

use std::fmt::Write;

use factum_core::{SqlRow, SqlValue, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};
use uuid::Uuid;

/// A column's bytes as the server sends them.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The values of a row; which column has a type that none of them is, and what to do about it.
pub(crate) fn row(row: &Row) -> Result<SqlRow, String> {
    let mut values = Vec::with_capacity(row.len());
    for (index, column) in row.columns().iter().enumerate() {
        let raw: Option<Raw<'_>> = row.try_get(index).unwrap_or(None);
        values.push(match raw {
            None => SqlValue::Null,
            Some(Raw(raw)) => value(column.type_(), raw).ok_or_else(|| {
                let (name, found) = (column.name(), column.type_().name());
                format!(
                    "column {name}: expected a type that views read, found {found}; cast it to text"
                )
            })?,
        });
    }
    Ok(SqlRow::new(values))
}

fn value(kind: &Type, raw: &[u8]) -> Option<SqlValue<'static>> {
    let text = |text: String| Some(SqlValue::Text(text.into()));
    let utf8 = |raw: &[u8]| text(String::from_utf8(raw.to_vec()).ok()?);
    match *kind {
        Type::BOOL => Some(SqlValue::Bool(raw != [0])),
        Type::INT2 => Some(SqlValue::Integer(i16::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT4 => Some(SqlValue::Integer(i32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::INT8 => Some(SqlValue::Integer(i64::from_be_bytes(raw.try_into().ok()?))),
        Type::OID => Some(SqlValue::Integer(u32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::FLOAT4 => Some(SqlValue::Real(f32::from_be_bytes(raw.try_into().ok()?).into())),
        Type::FLOAT8 => Some(SqlValue::Real(f64::from_be_bytes(raw.try_into().ok()?))),
        Type::BYTEA => Some(SqlValue::Bytes(raw.to_vec().into())),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::JSON
        | Type::UNKNOWN
        | Type::XML
        | Type::CHAR => utf8(raw),
        Type::JSONB => utf8(raw.strip_prefix(&[1])?),
        Type::UUID => text(Uuid::from_slice(raw).ok()?.to_string()),
        Type::NUMERIC => text(numeric(raw)?),
        Type::TIMESTAMPTZ => text(instant(i64::from_be_bytes(raw.try_into().ok()?))?),
        Type::TIMESTAMP => {
            let mut instant = instant(i64::from_be_bytes(raw.try_into().ok()?))?;
            instant.pop(); // It is of no zone.
            text(instant)
        }
        Type::DATE => {
            let days = i64::from(i32::from_be_bytes(raw.try_into().ok()?));
            let instant = instant(days.checked_mul(86_400_000_000)?)?;
            text(instant.split('T').next()?.to_owned())
        }
        Type::VOID => Some(SqlValue::Null),
        _ if matches!(kind.kind(), Kind::Enum(_)) || kind.name() == "citext" => utf8(raw),
        _ => None,
    }
}

/// Microseconds since 2000 as RFC 3339; the ends of time are none.
fn instant(micros: i64) -> Option<String> {
    const FROM_1970_TO_2000: i64 = 946_684_800_000_000;
    if matches!(micros, i64::MIN | i64::MAX) {
        return None;
    }
    Some(Timestamp::from_micros(micros.checked_add(FROM_1970_TO_2000)?).to_string())
}

/// A decimal number, which comes as groups of four digits.
fn numeric(raw: &[u8]) -> Option<String> {
    let mut numbers = raw.chunks_exact(2).map(|it| u16::from_be_bytes([it[0], it[1]]));
    let (groups, weight) = (numbers.next()?, numbers.next()?.cast_signed());
    let (sign, scale) = (numbers.next()?, usize::from(numbers.next()?));
    let groups: Vec<u16> = numbers.take(groups.into()).collect();
    let mut out = match sign {
        0x0000 => String::new(),
        0x4000 => "-".to_owned(),
        0xC000 => return Some("NaN".into()),
        0xD000 => return Some("Infinity".into()),
        0xF000 => return Some("-Infinity".into()),
        _ => return None,
    };
    let group = |index: i32| {
        usize::try_from(index).ok().and_then(|index| groups.get(index)).copied().unwrap_or(0)
    };
    let weight = i32::from(weight);
    if weight < 0 {
        out.push('0');
    }
    for index in 0..=weight {
        let width = if index == 0 { 1 } else { 4 };
        write!(out, "{:0width$}", group(index)).expect("a text takes everything");
    }
    if scale > 0 {
        let groups = i32::try_from(scale.div_ceil(4)).unwrap_or(0);
        let digits: Vec<_> = (1..=groups).map(|it| format!("{:04}", group(weight + it))).collect();
        out.push('.');
        out += &digits.concat()[..scale];
    }
    Some(out)
}
