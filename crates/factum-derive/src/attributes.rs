//! What `#[factum(..)]` says on an enum, a struct and a variant.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Data, DeriveInput, ExprPath, LitStr, Path, Variant};

use crate::errors::Errors;
use crate::{keys, names};

/// How a payload is encoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Codec {
    #[default]
    Json,
    Cbor,
    Protobuf,
}

impl Codec {
    fn parse(meta: &ParseNestedMeta<'_>) -> syn::Result<Self> {
        let name = keys::string(meta, "codec = \"cbor\"")?;
        match name.value().as_str() {
            "json" => Ok(Self::Json),
            "cbor" => Ok(Self::Cbor),
            "protobuf" => Ok(Self::Protobuf),
            _ => Err(syn::Error::new_spanned(name, "expected \"json\", \"cbor\" or \"protobuf\"")),
        }
    }

    pub(crate) fn tokens(self, krate: &Path) -> TokenStream {
        match self {
            Self::Json => quote!(#krate::Codec::Json),
            Self::Cbor => quote!(#krate::Codec::Cbor),
            Self::Protobuf => quote!(#krate::Codec::Protobuf),
        }
    }
}

/// What stands on an enum or a struct.
pub(crate) struct Container {
    pub(crate) krate: Path,
    pub(crate) context: String,
    pub(crate) upcasters: Option<ExprPath>,
    pub(crate) union: bool,
    /// Of a struct; on an enum, the codec and further tags alone.
    pub(crate) single: Single,
}

/// What stands on a variant, or on a struct that is one event type.
#[derive(Default)]
pub(crate) struct Single {
    pub(crate) name: Option<LitStr>,
    pub(crate) version: Option<u32>,
    pub(crate) codec: Option<Codec>,
    /// Names of tags that something else puts on the events.
    pub(crate) also_tagged: Vec<String>,
}

impl Single {
    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        match key {
            "name" => {
                let name = keys::string(meta, "name = \"account.opened\"")?;
                names::check(&name, names::check_event_type)?;
                self.name = Some(name);
            }
            "version" => self.version = Some(keys::version(meta)?),
            "also_tagged" => {
                let name = keys::string(meta, "also_tagged = \"course\"")?;
                names::check(&name, names::check_fact)?;
                self.also_tagged.push(name.value());
            }
            _ => self.codec = Some(Codec::parse(meta)?),
        }
        Ok(())
    }

    pub(crate) fn of_variant(variant: &Variant, errors: &mut Errors) -> Self {
        let mut single = Self::default();
        let known = ["name", "version", "codec", "also_tagged"];
        let repeated = ["also_tagged"];
        keys::each_factum("a variant", &known, &repeated, &variant.attrs, errors, |key, meta| {
            single.take(key, meta)
        });
        single
    }
}

impl Container {
    pub(crate) fn parse(input: &DeriveInput, errors: &mut Errors) -> Self {
        let mut container = Self {
            krate: syn::parse_quote!(::factum),
            context: names::context(&input.ident.to_string()),
            upcasters: None,
            union: false,
            single: Single::default(),
        };
        let (place, known): (_, &[_]) = match &input.data {
            Data::Enum(_) => {
                ("an enum", &["context", "codec", "also_tagged", "upcasters", "union", "crate"])
            }
            _ => ("a struct", &["name", "version", "codec", "also_tagged", "upcasters", "crate"]),
        };
        // What a union leaves to its parts.
        let mut left_to_parts = Vec::new();
        let repeated = ["also_tagged"];
        keys::each_factum(place, known, &repeated, &input.attrs, errors, |key, meta| {
            if ["context", "codec", "also_tagged"].contains(&key) {
                left_to_parts.push(meta.path.clone());
            }
            container.take(key, meta)
        });
        if container.union {
            for key in left_to_parts {
                let said = "a union has none of its own: write it where the events are declared";
                errors.add(syn::Error::new_spanned(key, said));
            }
        }
        container
    }

    fn take(&mut self, key: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<()> {
        match key {
            "crate" => {
                let path = keys::string(meta, "crate = \"factum_core\"")?;
                self.krate = path.parse_with(Path::parse_mod_style)?;
            }
            "upcasters" => {
                self.upcasters = Some(keys::function(meta, "upcasters = older::upcasters")?);
            }
            "context" => {
                let context = keys::string(meta, "context = \"account\"")?;
                names::check(&context, names::check_event_type)?;
                self.context = context.value();
            }
            "union" => {
                keys::alone(meta)?;
                self.union = true;
            }
            _ => self.single.take(key, meta)?,
        }
        Ok(())
    }

    /// The way from older shapes.
    pub(crate) fn upcasters(&self) -> TokenStream {
        let krate = &self.krate;
        if let Some(path) = &self.upcasters {
            return quote!(#path());
        }
        quote!(<#krate::Upcasters as ::core::default::Default>::default())
    }
}
