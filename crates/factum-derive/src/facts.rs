//! Tags and claims: what fields say about an event.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Field, Ident, Path, Type};

use crate::attributes::OnField;

/// The statements that tell `facts` about one field, bound to `value`, a reference.
pub(crate) fn of_field(krate: &Path, field: &Field, value: &Ident) -> syn::Result<TokenStream> {
    let on = OnField::parse(field)?;
    if on.inner {
        return Ok(quote_spanned!(field.ty.span()=> #krate::Event::facts(#value, facts)?;));
    }
    let mut told = Vec::new();
    for tag in &on.tags {
        let own = || field.ident.as_ref().map(|it| it.to_string().trim_start_matches("r#").into());
        let Some(name) = tag.clone().or_else(own) else {
            let said = "a field without a name needs one for its tag: `tag = \"course\"`";
            return Err(syn::Error::new(field.span(), said));
        };
        told.push(("tag", name));
    }
    let exact = on.exact;
    let claims = on.claims.into_iter().map(|it| (if exact { "take_exact" } else { "take" }, it));
    let releases =
        on.releases.into_iter().map(|it| (if exact { "release_exact" } else { "release" }, it));
    told.extend(releases);
    told.extend(claims);
    let several = is_several(&field.ty);
    Ok(told
        .into_iter()
        .map(|(method, name)| {
            let method = Ident::new(method, field.ty.span());
            if several {
                quote_spanned!(field.ty.span()=> for value in #value.iter() {
                    facts.#method(#name, value)?;
                })
            } else {
                quote_spanned!(field.ty.span()=> facts.#method(#name, #value)?;)
            }
        })
        .collect())
}

/// Whether the type is an `Option` or a `Vec`, by its name.
fn is_several(ty: &Type) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last().map(|it| it.ident.to_string());
    matches!(last.as_deref(), Some("Option" | "Vec"))
}

/// The body of `Event::facts` where `arms` are those that have something to tell.
pub(crate) fn ignoring_unused(body: &TokenStream) -> TokenStream {
    quote! {
        let _ = &facts; // Not every event has something to tell.
        #body
        ::core::result::Result::Ok(())
    }
}
