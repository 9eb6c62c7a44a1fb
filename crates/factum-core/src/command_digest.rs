//! What a command asks for, as one number, so that one id is not used for two commands.

use std::fmt::Display;

use blake3::Hasher;
use serde::Serialize;
use serde::ser;

/// The hash of what a command asks for. It is kept with the command's id, so that the same id with
/// another command is refused instead of answered.
///
/// Two commands have the same digest if serde writes the same of them: the same names of types,
/// variants and fields, and the same values. The order of fields and of a map's entries does not
/// count, nor does the width of a number. A `HashSet` is written in an order of its own each time:
/// use a `BTreeSet`. A type that is renamed makes another command, unless `#[serde(rename = "..")]`
/// keeps its name.
///
/// `Debug` shows no part of the number: whoever guesses a command could check the guess by it.
///
/// # Examples
///
/// ```
/// use factum_core::CommandDigest;
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Deposit { cents: u64 }
///
/// let five = CommandDigest::of(&Deposit { cents: 500 })?;
/// assert_eq!(five, CommandDigest::of(&Deposit { cents: 500 })?);
/// assert_ne!(five, CommandDigest::of(&Deposit { cents: 700 })?);
/// # Ok::<(), factum_core::DigestError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CommandDigest([u8; 32]);

impl CommandDigest {
    /// The digest of `command`, by what serde writes of it.
    ///
    /// # Errors
    ///
    /// [`DigestError`] if the command's own `Serialize` reports an error.
    pub fn of<C: Serialize + ?Sized>(command: &C) -> Result<Self, DigestError> {
        hash_of(command).map(Self)
    }

    /// A digest that was made elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes as stores keep them.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for CommandDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CommandDigest(..)")
    }
}

/// A command's own `Serialize` reported an error. Its words may repeat the command and are
/// withheld.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the command has no digest: its `Serialize` reported an error")]
pub struct DigestError;

impl ser::Error for DigestError {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

fn hash_of<T: Serialize + ?Sized>(value: &T) -> Result<[u8; 32], DigestError> {
    let mut hasher = Hasher::new();
    value.serialize(Canonical(&mut hasher))?;
    Ok(*hasher.finalize().as_bytes())
}

/// Writes values so that different ones differ: each begins with a letter for its kind, and says
/// how long it is or where it ends.
struct Canonical<'a>(&'a mut Hasher);

impl Canonical<'_> {
    /// The name of a type.
    fn name(&mut self, name: &str) {
        self.bytes(b'w', name.as_bytes());
    }

    /// The name of an enum, and of a variant of it.
    fn variant(&mut self, name: &str, variant: &str) {
        self.name(name);
        self.bytes(b'v', variant.as_bytes());
    }

    fn bytes(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update(&[kind]).update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }

    /// A whole number, of whatever width.
    fn integer(&mut self, negative: bool, size: u128) {
        self.0.update(&[b'i', u8::from(negative)]).update(&size.to_le_bytes());
    }
}

macro_rules! numbers {
    ($($method:ident: $type:ty, $into:ty;)*) => {$(
        fn $method(mut self, value: $type) -> Result<(), DigestError> {
            let value = <$into>::from(value);
            self.integer(value.is_negative(), value.unsigned_abs());
            Ok(())
        }
    )*};
}

impl<'a> ser::Serializer for Canonical<'a> {
    type Ok = ();
    type Error = DigestError;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Sequence<'a>;
    type SerializeMap = Entries<'a>;
    type SerializeStruct = Entries<'a>;
    type SerializeStructVariant = Entries<'a>;

    numbers! {
        serialize_i8: i8, i128;
        serialize_i16: i16, i128;
        serialize_i32: i32, i128;
        serialize_i64: i64, i128;
        serialize_i128: i128, i128;
        serialize_u8: u8, i128;
        serialize_u16: u16, i128;
        serialize_u32: u32, i128;
        serialize_u64: u64, i128;
    }

    fn serialize_u128(mut self, value: u128) -> Result<(), DigestError> {
        self.integer(false, value);
        Ok(())
    }

    fn serialize_bool(self, value: bool) -> Result<(), DigestError> {
        self.0.update(&[b'o', u8::from(value)]);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), DigestError> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), DigestError> {
        // There are many NaNs, which mean the same.
        let value = if value.is_nan() { f64::NAN } else { value };
        self.0.update(b"f").update(&value.to_bits().to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), DigestError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(mut self, value: &str) -> Result<(), DigestError> {
        self.bytes(b't', value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(mut self, value: &[u8]) -> Result<(), DigestError> {
        self.bytes(b'b', value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), DigestError> {
        self.0.update(b"n");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), DigestError> {
        self.0.update(b"s");
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), DigestError> {
        self.0.update(b"0");
        Ok(())
    }

    fn serialize_unit_struct(mut self, name: &'static str) -> Result<(), DigestError> {
        self.name(name);
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), DigestError> {
        self.variant(name, variant);
        self.serialize_unit()
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), DigestError> {
        self.name(name);
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), DigestError> {
        self.variant(name, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'a>, DigestError> {
        self.0.update(b"[");
        Ok(Sequence(self.0))
    }

    fn serialize_tuple(self, _: usize) -> Result<Sequence<'a>, DigestError> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(
        mut self,
        name: &'static str,
        _: usize,
    ) -> Result<Sequence<'a>, DigestError> {
        self.name(name);
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Sequence<'a>, DigestError> {
        self.variant(name, variant);
        self.serialize_seq(None)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Entries<'a>, DigestError> {
        Ok(Entries { hasher: self.0, hashes: Vec::new(), key: [0; 32] })
    }

    fn serialize_struct(
        mut self,
        name: &'static str,
        _: usize,
    ) -> Result<Entries<'a>, DigestError> {
        self.name(name);
        self.serialize_map(None)
    }

    fn serialize_struct_variant(
        mut self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Entries<'a>, DigestError> {
        self.variant(name, variant);
        self.serialize_map(None)
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// Values in their order.
struct Sequence<'a>(&'a mut Hasher);

impl Sequence<'_> {
    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), DigestError> {
        value.serialize(Canonical(self.0))
    }

    fn close(self) {
        self.0.update(b"]");
    }
}

macro_rules! sequences {
    ($($part:ident: $method:ident;)*) => {$(
        impl ser::$part for Sequence<'_> {
            type Ok = ();
            type Error = DigestError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), DigestError> {
                self.next(value)
            }

            fn end(self) -> Result<(), DigestError> {
                self.close();
                Ok(())
            }
        }
    )*};
}
sequences! {
    SerializeSeq: serialize_element;
    SerializeTuple: serialize_element;
    SerializeTupleStruct: serialize_field;
    SerializeTupleVariant: serialize_field;
}

/// Names or keys with their values, in an order that does not depend on theirs.
struct Entries<'a> {
    hasher: &'a mut Hasher,
    hashes: Vec<[[u8; 32]; 2]>,
    key: [u8; 32],
}

impl Entries<'_> {
    fn close(mut self) {
        self.hashes.sort_unstable();
        self.hasher.update(b"{").update(&(self.hashes.len() as u64).to_le_bytes());
        for [key, value] in &self.hashes {
            self.hasher.update(key).update(value);
        }
    }
}

impl ser::SerializeMap for Entries<'_> {
    type Ok = ();
    type Error = DigestError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), DigestError> {
        self.key = hash_of(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), DigestError> {
        self.hashes.push([self.key, hash_of(value)?]);
        Ok(())
    }

    fn end(self) -> Result<(), DigestError> {
        self.close();
        Ok(())
    }
}

macro_rules! fields {
    ($($part:ident),*) => {$(
        impl ser::$part for Entries<'_> {
            type Ok = ();
            type Error = DigestError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), DigestError> {
                self.hashes.push([hash_of(name)?, hash_of(value)?]);
                Ok(())
            }

            fn end(self) -> Result<(), DigestError> {
                self.close();
                Ok(())
            }
        }
    )*};
}
fields!(SerializeStruct, SerializeStructVariant);

#[cfg(test)]
mod tests;
