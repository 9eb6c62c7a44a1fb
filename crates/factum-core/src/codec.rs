//! How a payload is encoded; named on every stored event.

mod encode;
mod error;
mod finite;
mod numbers;
mod payload;
mod recode;
mod tree;
mod variant;

#[cfg(feature = "protobuf")]
pub use self::encode::encode_message;
pub use self::encode::{encode_nothing, encode_value, encode_variant};
pub use self::error::{DecodeError, EncodeError};
pub use self::payload::Payload;
pub use self::recode::{RecodeError, recode};
use crate::InvalidName;

/// The encoding of one payload. A log may mix them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// JSON text in UTF-8.
    #[default]
    Json,
    /// CBOR, RFC 8949.
    Cbor,
    /// A Protocol Buffers message.
    Protobuf,
    /// Bytes whose meaning only the application knows.
    Opaque,
}

impl Codec {
    /// Every codec, in the order of their [numbers](Codec::number).
    pub const ALL: [Self; 4] = [Self::Json, Self::Cbor, Self::Protobuf, Self::Opaque];

    /// The stable number written to storage.
    pub const fn number(self) -> u8 {
        match self {
            Self::Json => 0,
            Self::Cbor => 1,
            Self::Protobuf => 2,
            Self::Opaque => 3,
        }
    }

    /// The codec with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The stable name written to files and shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Cbor => "cbor",
            Self::Protobuf => "protobuf",
            Self::Opaque => "opaque",
        }
    }
}

impl std::str::FromStr for Codec {
    type Err = InvalidName;

    fn from_str(name: &str) -> Result<Self, InvalidName> {
        let found = Self::ALL.into_iter().find(|codec| codec.as_str() == name);
        found.ok_or_else(|| InvalidName::new("codec", "json, cbor, protobuf or opaque", name))
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
