//! Commands: asked again, they answer as before; unanswered ones take effect once.

use factum_core::{AppendError, Refusal, SharedStore};

use crate::label::Label;
use crate::witness::{Answer, End, Entry, Witness};

/// Answered commands of earlier that are asked again; all unanswered ones are.
const ANSWERED: usize = 40;

/// Sends commands again: the last ones that were answered, and every one that was not.
///
/// The answers to the latter go into the witness, so that the checks after this one find each
/// exactly once.
pub(super) async fn commands_answer_again(
    store: &SharedStore,
    witness: &mut Witness,
) -> Vec<String> {
    let commands = witness.of_this_round().filter(|(_, entry)| entry.request.command.is_some());
    let (answered, open): (Vec<_>, Vec<_>) = commands
        .map(|(label, entry)| (*label, entry.clone()))
        .filter(|(_, entry)| entry.end != End::Refused)
        .partition(|(_, entry)| matches!(entry.end, End::Acknowledged(_)));
    let mut problems = Vec::new();
    for (label, entry) in answered.iter().rev().take(ANSWERED).chain(&open) {
        match answer(store, *label, entry).await {
            Ok(end) => witness.ended(*label, end),
            Err(problem) => problems.push(format!("command {label}: {problem}")),
        }
    }
    problems
}

async fn answer(store: &SharedStore, label: Label, entry: &Entry) -> Result<End, String> {
    let store = store.for_tenant(&label.tenant()).map_err(|it| it.to_string())?;
    let request = entry.request.clone();
    let command = request.command.clone().ok_or("it is no command")?;
    let known = store.recall(&command.id).await.map_err(|it| it.to_string())?;
    let told = match &entry.end {
        End::Acknowledged(told) => Some(told),
        _ => None,
    };
    if told.is_some() && known.is_none() {
        return Err("answered before, and forgotten".into());
    }
    let appended = match store.append(request).await {
        Ok(appended) => appended,
        Err(AppendError::Conflict(_) | AppendError::Refused(Refusal::StreamDeleted { .. }))
            if known.is_none() =>
        {
            return Ok(End::Refused);
        }
        Err(error) => return Err(error.to_string()),
    };
    let answer = Answer::from(&appended);
    if told.is_some_and(|told| *told != answer) {
        return Err(format!("answered {told:?}, and now {answer:?}"));
    }
    if appended.repeated != known.is_some() {
        return Err(format!("known {known:?}, and now answered {appended:?}"));
    }
    if appended.outcome.as_ref() != Some(&command.outcome) {
        return Err("the outcome is not the one that was stored".into());
    }
    Ok(End::Acknowledged(answer))
}
