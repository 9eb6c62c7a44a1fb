//! Values on their way to the server: as text, which it reads as whatever type the statement wants.
//! Bytes go as they are.

use std::error::Error;
use std::io::Write;

use bytes::BytesMut;
use factum_core::SqlValue;
use tokio_postgres::types::{Format, IsNull, Kind, ToSql, Type, to_sql_checked};

/// The values of one statement, in one buffer.
#[derive(Default)]
pub(crate) struct Parameters {
    bytes: Vec<u8>,
    /// Of each, where it ends and how it is written.
    ends: Vec<(usize, Form)>,
}

#[derive(Clone, Copy)]
enum Form {
    Null,
    Text,
    Bytes,
}

impl Parameters {
    /// The values, which must be of the types that the statement wants where these are known.
    pub(crate) fn new(values: &[SqlValue<'_>], types: Option<&[Type]>) -> Result<Self, String> {
        if let Some(types) = types
            && types.len() != values.len()
        {
            let (expected, found) = (types.len(), values.len());
            return Err(format!("expected {expected} values, found {found}"));
        }
        let mut all = Self { bytes: Vec::new(), ends: Vec::with_capacity(values.len()) };
        for (index, value) in values.iter().enumerate() {
            let wanted = types.and_then(|types| types.get(index));
            let form = all
                .write(value, wanted)
                .map_err(|problem| format!("value ${}: {problem}", index + 1))?;
            all.ends.push((all.bytes.len(), form));
        }
        Ok(all)
    }

    fn write(&mut self, value: &SqlValue<'_>, wanted: Option<&Type>) -> Result<Form, String> {
        let out = &mut self.bytes;
        match value {
            SqlValue::Null => return Ok(Form::Null),
            SqlValue::Bool(it) => out.extend_from_slice(if *it { b"true" } else { b"false" }),
            SqlValue::Integer(it) => write!(out, "{it}").expect("a buffer takes everything"),
            SqlValue::Real(it) => write!(out, "{it:?}").expect("a buffer takes everything"),
            SqlValue::Text(it) => out.extend_from_slice(it.as_bytes()),
            SqlValue::Bytes(it) => {
                if let Some(wanted) = wanted.filter(|it| *base(it) != Type::BYTEA) {
                    return Err(format!("expected what can be a {wanted}, found bytes"));
                }
                out.extend_from_slice(it);
                return Ok(Form::Bytes);
            }
            other => {
                return Err(format!(
                    "expected a value that PostgreSQL can hold, found {}",
                    other.kind()
                ));
            }
        }
        Ok(Form::Text)
    }

    /// What they take, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = Parameter<'_>> {
        (0..self.ends.len()).map(|index| {
            let start = index.checked_sub(1).map_or(0, |before| self.ends[before].0);
            let (end, form) = self.ends[index];
            Parameter { bytes: &self.bytes[start..end], form }
        })
    }
}

/// The type under a domain.
fn base(kind: &Type) -> &Type {
    match kind.kind() {
        Kind::Domain(inner) => base(inner),
        _ => kind,
    }
}

/// One value. `Debug` shows nothing of it: the driver logs values where its log is switched on.
#[derive(Clone, Copy)]
pub(crate) struct Parameter<'a> {
    bytes: &'a [u8],
    form: Form,
}

impl Parameter<'_> {
    /// The type to bind it as where the statement's are not known: whatever fits.
    pub(crate) fn loose_type(&self) -> Type {
        match self.form {
            Form::Bytes => Type::BYTEA,
            Form::Null | Form::Text => Type::UNKNOWN,
        }
    }
}

impl std::fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(withheld)")
    }
}

impl ToSql for Parameter<'_> {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        if matches!(self.form, Form::Null) {
            return Ok(IsNull::Yes);
        }
        out.extend_from_slice(self.bytes);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        match self.form {
            Form::Bytes => Format::Binary,
            Form::Null | Form::Text => Format::Text,
        }
    }

    to_sql_checked!();
}
