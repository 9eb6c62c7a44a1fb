//! What was asked for on the command line.

use std::path::PathBuf;

use crate::sabotage::Sabotage;

/// The arguments of `run`, and those that `run` passes on to `child`.
#[derive(Clone, Debug)]
pub(crate) struct Arguments {
    /// How many rounds.
    pub(crate) rounds: u32,
    /// Decides everything that the harness decides.
    pub(crate) seed: u64,
    /// What is broken on purpose.
    pub(crate) sabotage: Option<Sabotage>,
    /// Where the child's store lives.
    pub(crate) home: PathBuf,
    /// Which round the child belongs to.
    pub(crate) round: u32,
    /// Which child of the round it is.
    pub(crate) child: u32,
    /// Whether the child takes backups beside its appends.
    pub(crate) backups: bool,
}

impl Arguments {
    /// Reads `--name value` pairs.
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self {
            rounds: 25,
            seed: fastrand::u64(..),
            sabotage: None,
            home: PathBuf::new(),
            round: 0,
            child: 0,
            backups: false,
        };
        let mut words = words;
        while let Some(name) = words.next() {
            let value = words.next().ok_or_else(|| format!("expected a value after {name}"))?;
            let number =
                || value.parse::<u32>().map_err(|error| format!("{name} {value}: {error}"));
            match name.as_str() {
                "--rounds" => arguments.rounds = number()?,
                "--seed" => {
                    arguments.seed =
                        value.parse().map_err(|error| format!("{name} {value}: {error}"))?;
                }
                "--sabotage" => arguments.sabotage = Some(value.parse()?),
                "--home" => arguments.home = PathBuf::from(value),
                "--round" => arguments.round = number()?,
                "--child" => arguments.child = number()?,
                "--backups" => arguments.backups = number()? == 1,
                _ => return Err(format!("unknown argument {name}")),
            }
        }
        Ok(arguments)
    }
}
