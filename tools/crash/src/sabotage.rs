//! Breaking the store on purpose: a harness that cannot fail proves nothing.

use factum_core::{AppendError, AppendRequest, Appended, SharedStore};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Some appends are acknowledged and not stored.
    Drop,
    /// Appends of several events are stored in two halves.
    Tear,
    /// Command ids are not remembered.
    Forget,
    /// Guards are not judged.
    Blind,
}

impl Sabotage {
    const ALL: [(&'static str, Self); 4] = [
        ("drop", Self::Drop),
        ("tear", Self::Tear),
        ("forget", Self::Forget),
        ("blind", Self::Blind),
    ];

    /// The name on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, it)| *it == self).map_or("", |(name, _)| name)
    }
}

impl std::str::FromStr for Sabotage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.iter().find(|(name, _)| *name == text);
        found
            .map(|it| it.1)
            .ok_or_else(|| format!("expected drop, tear, forget or blind, found {text}"))
    }
}

/// Appends, honestly or not.
pub(crate) async fn append(
    store: &SharedStore,
    request: AppendRequest,
    sabotage: Option<Sabotage>,
) -> Result<Appended, AppendError> {
    let mut request = request;
    match sabotage {
        Some(Sabotage::Drop) if request.events.len() == 2 => {
            let head = store.head().await?;
            let (first, last) = (Some(head.plus(1)), head.plus(2));
            return Ok(Appended { first, last, streams: vec![], outcome: None, repeated: false });
        }
        Some(Sabotage::Tear) if request.events.len() > 1 && request.command.is_none() => {
            let rest = request.events.split_off(1);
            let first = store.append(request).await?;
            let rest = AppendRequest { events: rest, ..AppendRequest::default() };
            let second = store.append(rest).await?;
            return Ok(Appended { first: first.first, ..second });
        }
        Some(Sabotage::Forget) if !request.events.is_empty() => request.command = None,
        Some(Sabotage::Blind) => request.guards.clear(),
        _ => {}
    }
    store.append(request).await
}
