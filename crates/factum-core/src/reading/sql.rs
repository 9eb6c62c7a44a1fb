//! Values and rows of SQL, the same for every store that has views.

use std::borrow::Cow;

use bytes::Bytes;

/// Which SQL a store speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SqlDialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl std::fmt::Display for SqlDialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

/// A value that is bound to a statement, or stands in a row. `Debug` shows it: keep it out of logs.
///
/// In a statement, values go by `$1`, `$2` and so on, in either dialect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum SqlValue<'a> {
    /// No value.
    Null,
    /// A truth value; SQLite stores 0 or 1.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(Cow<'a, [u8]>),
    /// A whole number that no column of whole numbers can hold: they end at -2^63 and 2^63 - 1. A
    /// statement that binds one fails. Bind its text where the column holds texts or decimals.
    OutOfRange,
}

/// What a value of a row may be read as.
pub trait SqlType: Sized {
    /// What it is called in messages.
    const EXPECTED: &'static str;

    /// The value as this type, if it is one.
    fn from_sql(value: &SqlValue<'_>) -> Option<Self>;
}

impl SqlValue<'_> {
    /// The same value, owned.
    pub fn into_owned(self) -> SqlValue<'static> {
        match self {
            Self::Null => SqlValue::Null,
            Self::Bool(it) => SqlValue::Bool(it),
            Self::Integer(it) => SqlValue::Integer(it),
            Self::Real(it) => SqlValue::Real(it),
            Self::Text(it) => SqlValue::Text(Cow::Owned(it.into_owned())),
            Self::Bytes(it) => SqlValue::Bytes(Cow::Owned(it.into_owned())),
            Self::OutOfRange => SqlValue::OutOfRange,
        }
    }

    /// What kind of value it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Integer(_) => "a whole number",
            Self::Real(_) => "a floating-point number",
            Self::Text(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::OutOfRange => "a whole number outside of -2^63 to 2^63 - 1",
        }
    }
}

macro_rules! whole_numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for SqlValue<'_> {
            fn from(value: $type) -> Self {
                Self::Integer(value.into())
            }
        }
    )*};
}
whole_numbers!(i8, i16, i32, i64, u8, u16, u32);

macro_rules! large_whole_numbers {
    ($($type:ty),*) => {$(
        impl From<$type> for SqlValue<'_> {
            /// As a whole number, or [`OutOfRange`](SqlValue::OutOfRange), which no statement takes.
            fn from(value: $type) -> Self {
                i64::try_from(value).map_or(Self::OutOfRange, Self::Integer)
            }
        }
    )*};
}
large_whole_numbers!(u64, usize, isize, u128, i128);

impl From<f32> for SqlValue<'_> {
    fn from(value: f32) -> Self {
        Self::Real(value.into())
    }
}

impl From<bool> for SqlValue<'_> {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for SqlValue<'_> {
    /// As it is. SQLite has no place for a number that is none (NaN): a statement that binds it fails.
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl<'a> From<&'a str> for SqlValue<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for SqlValue<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for SqlValue<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl<'a> From<&'a [u8]> for SqlValue<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a Bytes> for SqlValue<'a> {
    fn from(value: &'a Bytes) -> Self {
        Self::Bytes(Cow::Borrowed(value))
    }
}

impl<'a, T: Into<SqlValue<'a>>> From<Option<T>> for SqlValue<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl SqlType for i64 {
    const EXPECTED: &'static str = "a whole number";

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Integer(it) => Some(*it),
            _ => None,
        }
    }
}

macro_rules! whole_numbers_of_a_range {
    ($($type:ty: $expected:literal;)*) => {$(
        impl SqlType for $type {
            const EXPECTED: &'static str = $expected;

            fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
                i64::from_sql(value).and_then(|it| it.try_into().ok())
            }
        }
    )*};
}
whole_numbers_of_a_range! {
    i32: "a whole number of 32 bits";
    u32: "a whole number of 32 bits that is not negative";
    u64: "a whole number that is not negative";
    usize: "a whole number that is not negative";
}

impl SqlType for bool {
    const EXPECTED: &'static str = "a truth value, or 0 or 1";

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Bool(it) => Some(*it),
            SqlValue::Integer(0) => Some(false),
            SqlValue::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl SqlType for f64 {
    const EXPECTED: &'static str = "a floating-point number";

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Real(it) => Some(*it),
            _ => None,
        }
    }
}

impl SqlType for String {
    const EXPECTED: &'static str = "a text";

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Text(it) => Some(it.clone().into_owned()),
            _ => None,
        }
    }
}

impl SqlType for Vec<u8> {
    const EXPECTED: &'static str = "bytes";

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Bytes(it) => Some(it.clone().into_owned()),
            _ => None,
        }
    }
}

impl<T: SqlType> SqlType for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_sql(value: &SqlValue<'_>) -> Option<Self> {
        match value {
            SqlValue::Null => Some(None),
            other => T::from_sql(other).map(Some),
        }
    }
}

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct SqlRow {
    values: Vec<SqlValue<'static>>,
}

impl SqlRow {
    /// A row of these values, in the order of its columns.
    pub fn new(values: Vec<SqlValue<'static>>) -> Self {
        Self { values }
    }

    /// The values, in the order of the columns.
    pub fn values(&self) -> &[SqlValue<'static>] {
        &self.values
    }

    /// The value of a column, 0-based.
    ///
    /// # Errors
    ///
    /// A [`ViewError`](crate::ViewError) that says what was expected and found, if there is no such
    /// column or its value is of another kind.
    pub fn get<T: SqlType>(&self, column: usize) -> Result<T, super::ViewError> {
        let found = self.values.get(column);
        found.and_then(T::from_sql).ok_or_else(|| {
            let found = found.map_or("no such column", SqlValue::kind);
            let message = format!("column {column}: expected {}, found {found}", T::EXPECTED);
            super::ViewError::new(super::ViewErrorKind::Statement, message)
        })
    }
}
