//! What an event says about itself beside its payload.

use std::fmt::{Display, Write as _};

use smallvec::SmallVec;

use crate::{Claim, ClaimChange, InvalidName, Tag, Tags};

/// Collects the tags and claims of one event, in the order they are declared.
///
/// # Examples
///
/// ```
/// use factum_core::Facts;
///
/// let mut facts = Facts::default();
/// facts.tag("course", 7)?;
/// facts.take("email", "Ann@Example.org")?;
/// assert_eq!(facts.tags()[0].as_str(), "course:7");
/// assert_eq!(facts.claims()[0].claim().value(), "ann@example.org");
/// assert!(facts.tag("course", "").is_err(), "a tag has a value");
/// # Ok::<(), factum_core::InvalidName>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Facts {
    tags: SmallVec<[Tag; 2]>,
    claims: Vec<ClaimChange>,
    text: String,
}

impl Facts {
    /// Adds the tag `name:value`.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if either part breaks its rule; see [`Tag::new`].
    pub fn tag(&mut self, name: &str, value: impl Display) -> Result<(), InvalidName> {
        let tag = Tag::new(name, shown(&mut self.text, value))?;
        self.tags.push(tag);
        Ok(())
    }

    /// Takes the unique value, normalised so that spellings which look alike are alike.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if the name or the value breaks its rule; see [`Claim`].
    pub fn take(&mut self, name: &str, value: impl Display) -> Result<(), InvalidName> {
        let claim = Claim::new(name, shown(&mut self.text, value))?.normalized()?;
        self.claims.push(ClaimChange::Take(claim));
        Ok(())
    }

    /// Takes the unique value as it is written.
    ///
    /// # Errors
    ///
    /// As [`Facts::take`].
    pub fn take_exact(&mut self, name: &str, value: impl Display) -> Result<(), InvalidName> {
        let claim = Claim::new(name, shown(&mut self.text, value))?;
        self.claims.push(ClaimChange::Take(claim));
        Ok(())
    }

    /// Releases the unique value that [`Facts::take`] took.
    ///
    /// # Errors
    ///
    /// As [`Facts::take`].
    pub fn release(&mut self, name: &str, value: impl Display) -> Result<(), InvalidName> {
        let claim = Claim::new(name, shown(&mut self.text, value))?.normalized()?;
        self.claims.push(ClaimChange::Release(claim));
        Ok(())
    }

    /// Releases the unique value that [`Facts::take_exact`] took.
    ///
    /// # Errors
    ///
    /// As [`Facts::take`].
    pub fn release_exact(&mut self, name: &str, value: impl Display) -> Result<(), InvalidName> {
        let claim = Claim::new(name, shown(&mut self.text, value))?;
        self.claims.push(ClaimChange::Release(claim));
        Ok(())
    }

    /// The tags, in the order they were added.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// The claim changes, in the order they were added.
    pub fn claims(&self) -> &[ClaimChange] {
        &self.claims
    }

    /// The tags and claims as an event carries them; leaves this empty, for the next event.
    pub fn drain(&mut self) -> (Tags, Vec<ClaimChange>) {
        (self.tags.drain(..).collect(), std::mem::take(&mut self.claims))
    }
}

/// Writes the value into a buffer that is used again and again.
fn shown(text: &mut String, value: impl Display) -> &str {
    text.clear();
    // A `Display` that reports an error has written what it could; the name's rules judge that.
    let _ = write!(text, "{value}");
    text
}
