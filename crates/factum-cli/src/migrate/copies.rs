//! What the copy of an event is: the event itself, or its payload in another codec.

use factum::codec::recode;
use factum::limits::EVENT_BYTES_MAX;
use factum::{
    Codec, Digest, Digester, NewEvent, Place, Position, RecordedEvent, Revision, StreamId,
    TenantId, Timestamp,
};

use super::error::{EventPlace, MigrateError};
use crate::acts::Act;

/// An event of the source, as it is to stand in the target.
#[derive(Debug)]
pub(super) struct Copied {
    pub(super) tenant: TenantId,
    pub(super) stream: StreamId,
    pub(super) revision: Revision,
    /// Where it stands in the source.
    pub(super) position: Position,
    pub(super) event: NewEvent,
    /// The act to carry out instead of appending the event.
    pub(super) act: Option<Act>,
    pub(super) recoding: Recoding,
}

/// What became of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recoding {
    /// It is as it was: nothing else was asked for, or it was so already.
    None,
    /// It is in another codec.
    Recoded,
    /// It is as it was, for its codec is none of the two that can be recoded.
    Left,
}

/// The copy of `event`, with its payload in the codec `to` if that is asked for.
pub(super) fn copy(event: RecordedEvent, to: Option<Codec>) -> Result<Copied, MigrateError> {
    let (tenant, stream, revision, position) =
        (event.tenant.clone(), event.stream.clone(), event.revision, event.position);
    let place = EventPlace::of(&event);
    let mut event = event.into_new();
    let act = match Act::of(&event) {
        Ok(act) => act,
        Err(reason) => return Err(MigrateError::Record { place, reason }),
    };
    let mut recoding = Recoding::None;
    if let Some(act) = &act {
        if !act.gives(&event) {
            let reason = "expected a record as stores write it, found one with more in it".into();
            return Err(MigrateError::Record { place, reason });
        }
    } else if let Some(to) = to.filter(|to| *to != event.codec) {
        recoding = match event.codec {
            Codec::Json | Codec::Cbor => match recode(&event.payload, event.codec, to) {
                Ok(payload) => {
                    (event.payload, event.codec) = (payload.into(), to);
                    Recoding::Recoded
                }
                Err(reason) => return Err(MigrateError::NotRecodable { place, reason }),
            },
            _ => Recoding::Left,
        };
    }
    let found = event.bytes();
    if found > EVENT_BYTES_MAX {
        return Err(MigrateError::TooLarge { place, found });
    }
    Ok(Copied { tenant, stream, revision, position, event, act, recoding })
}

impl Copied {
    /// What [`digest`] gives for an event that is this copy.
    pub(super) fn digest(self) -> Digest {
        digest(self.event.into_recorded(Place {
            position: Position::START,
            tenant: self.tenant,
            stream: self.stream,
            revision: self.revision,
            now: Timestamp::from_micros(0), // Not used: a copy has its time.
        }))
    }
}

/// The digest of an event and everything in it but its position.
pub(super) fn digest(mut event: RecordedEvent) -> Digest {
    event.position = Position::START;
    let mut digester = Digester::default();
    digester.update(&event);
    digester.digest()
}
