//! A door with a code: a decider. And a gate, with one small impl per command.

use factum_core::{Aggregate, Decider, Handle, Upcasters};
use factum_derive::Event;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Event, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[factum(crate = "factum_core", upcasters = older)]
pub(crate) enum DoorEvent {
    #[factum(version = 2)]
    Opened {
        by: String,
    },
    Closed,
    Locked {
        code: u32,
    },
}

/// Version 1 did not say who; the metadata did. Nobody needs to know who knocked.
fn older() -> Upcasters {
    Upcasters::default()
        .change("door.opened", 1, |value, recorded| {
            let by = recorded.metadata.get("by").ok_or("nobody opened it")?;
            value["by"] = json!(by);
            Ok(())
        })
        .split("door.slammed", 1, &[("door.closed", 1), ("door.locked", 1)], |value, _| {
            let made = [("door.closed", json!({})), ("door.locked", value)];
            let made = made.map(|(name, value)| factum_core::RawEvent::new(name, 1, value));
            made.into_iter().map(|it| it.map_err(|error| error.to_string())).collect()
        })
        .drop("door.knocked", 1)
}

pub(crate) fn opened(by: &str) -> DoorEvent {
    DoorEvent::Opened { by: by.into() }
}

#[derive(Default, Debug, PartialEq)]
pub(crate) struct Door {
    pub(crate) open: bool,
    pub(crate) code: Option<u32>,
}

/// It is not `Debug`: commands need not be.
pub(crate) enum DoorCommand {
    Open(&'static str),
    Close,
    Lock(u32),
    CloseAndLock(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(crate) enum DoorError {
    #[error("it is open")]
    Open,
    #[error("it is locked with {code}")]
    Locked { code: u32 },
}

impl Decider for Door {
    const CATEGORY: &'static str = "door";
    type Command = DoorCommand;
    type Event = DoorEvent;
    type Error = DoorError;

    fn decide(&self, command: DoorCommand) -> Result<Vec<DoorEvent>, DoorError> {
        match (command, self.code) {
            (DoorCommand::Open(_), Some(code)) => Err(DoorError::Locked { code }),
            (DoorCommand::Open(_) | DoorCommand::Lock(_), _) if self.open => Err(DoorError::Open),
            (DoorCommand::Open(by), None) => Ok(vec![opened(by)]),
            (DoorCommand::Close, _) if !self.open => Ok(vec![]),
            (DoorCommand::Close, _) => Ok(vec![DoorEvent::Closed]),
            (DoorCommand::Lock(0), _) => panic!("a door has no code 0"),
            (DoorCommand::Lock(code), _) => Ok(vec![DoorEvent::Locked { code }]),
            (DoorCommand::CloseAndLock(code), _) => {
                Ok(vec![DoorEvent::Closed, DoorEvent::Locked { code }])
            }
        }
    }

    fn evolve(&mut self, event: &DoorEvent) {
        match event {
            DoorEvent::Opened { .. } => self.open = true,
            DoorEvent::Closed => self.open = false,
            DoorEvent::Locked { code } => self.code = Some(*code),
        }
    }
}

/// The same events without a decider.
#[derive(Default, Debug, PartialEq)]
pub(crate) struct Gate {
    pub(crate) opened: u32,
}

impl Aggregate for Gate {
    const CATEGORY: &'static str = "gate";
    type Event = DoorEvent;
    type Error = &'static str;

    fn apply(&mut self, event: &DoorEvent) {
        self.opened += u32::from(matches!(event, DoorEvent::Opened { .. }));
    }
}

pub(crate) struct LetIn(pub(crate) &'static str);

pub(crate) struct LockUp;

impl Handle<LetIn> for Gate {
    fn handle(&self, LetIn(by): LetIn) -> Result<Vec<DoorEvent>, &'static str> {
        if self.opened < 2 { Ok(vec![opened(by)]) } else { Err("two are enough") }
    }
}

impl Handle<LockUp> for Gate {
    fn handle(&self, _: LockUp) -> Result<Vec<DoorEvent>, &'static str> {
        Ok(vec![DoorEvent::Locked { code: self.opened }])
    }
}
