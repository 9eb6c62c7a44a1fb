//! Rows of views, as tests write and compare them.

use std::fmt::Write as _;

use factum_core::{SqlRow, SqlValue};

use crate::given::difference;

/// A row of these values, each of anything that can be bound: `row!["ann", 3]`.
///
/// `SqlValue::Null` is no value; a truth value equals 0 or 1, as stores differ there.
///
/// # Examples
///
/// ```
/// use factum_core::SqlValue;
/// use factum_testkit::row;
///
/// let row = row!["ann", 3, SqlValue::Null];
/// assert_eq!(row.get::<String>(0)?, "ann");
/// # Ok::<(), factum_core::ViewError>(())
/// ```
#[macro_export]
macro_rules! row {
    ($($value:expr),* $(,)?) => {
        $crate::factum_core::SqlRow::new(::std::vec![$($crate::sql_value($value)),*])
    };
}

/// A value of a [`row!`].
#[doc(hidden)]
pub fn sql_value<'v>(value: impl Into<SqlValue<'v>>) -> SqlValue<'static> {
    value.into().into_owned()
}

/// The difference of two answers, line by line; `None` if they are equal.
pub(super) fn difference(expected: &[SqlRow], found: &[SqlRow]) -> Option<String> {
    let (expected, found) = (shown(expected), shown(found));
    (expected != found).then(|| difference::of_lines(&expected, &found))
}

/// A row a line, such that rows are equal if their lines are.
fn shown(rows: &[SqlRow]) -> String {
    let mut shown = String::new();
    for row in rows {
        let values: Vec<String> = row.values().iter().map(value).collect();
        writeln!(shown, "row[{}]", values.join(", ")).expect("a string takes everything");
    }
    shown
}

fn value(value: &SqlValue<'_>) -> String {
    match value {
        SqlValue::Bool(it) => u8::from(*it).to_string(),
        SqlValue::Integer(it) => it.to_string(),
        SqlValue::Real(it) => format!("{it:?}"),
        SqlValue::Text(it) => format!("{it:?}"),
        SqlValue::Bytes(it) => format!("b\"{}\"", it.escape_ascii()),
        SqlValue::OutOfRange => value.kind().into(),
        _ => "null".into(),
    }
}
