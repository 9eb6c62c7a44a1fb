//! Each way in which a backup can be bad is caught.

use std::sync::Arc;

use factum_core::{
    AppendRequest, Codec, EventType, Expected, IdSource, NewEvent, RandomIds, SharedStore, TenantId,
};
use tempfile::TempDir;

use super::*;
use crate::child::config;
use crate::witness::Line;

const NAME: &str = "backup-0-0-0.db";

/// A store with `events` events and a witness that heard of a backup of it.
struct Scene {
    arguments: Arguments,
    store: SharedStore,
    witness: Witness,
    _folder: TempDir,
}

impl Scene {
    async fn new(events: usize) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut arguments = Arguments::parse(std::iter::empty()).expect("nothing is valid");
        arguments.home = folder.path().to_owned();
        let store = SqliteStore::open(config(&arguments)).await.expect("it opens");
        let store: SharedStore = Arc::new(store);
        let mut witness = Witness::new(0);
        witness.hear(0, Line::BackupBegun { name: NAME.into() });
        let scene = Self { arguments, store, witness, _folder: folder };
        scene.append(events).await;
        scene
    }

    async fn append(&self, events: usize) {
        let store = self.store.for_tenant(&TenantId::default()).expect("it narrows");
        let noted = EventType::new("noted").expect("valid");
        let event =
            || NewEvent::new(RandomIds.next_id(), noted.clone(), Codec::Opaque, vec![7; 900]);
        let events = std::iter::repeat_with(event).take(events);
        let stream = "note/one".parse().expect("valid");
        let request = AppendRequest::default().stream(stream, Expected::Any, events);
        store.append(request).await.expect("it stores");
    }

    async fn back_up(&mut self) -> std::path::PathBuf {
        let path = self.arguments.home.join(NAME);
        let position = self.store.backup(&path).await.expect("it copies").get();
        self.witness.hear(0, Line::BackupDone { name: NAME.into(), position });
        path
    }

    async fn problems(&self) -> Vec<String> {
        let log = Log::read(&self.store).await.expect("it reads");
        backups_are_prefixes(&self.arguments, &self.witness, &log).await.1
    }
}

#[tokio::test]
async fn a_good_backup_passes_though_the_log_goes_on() {
    let mut scene = Scene::new(50).await;
    scene.back_up().await;
    scene.append(10).await;
    assert_eq!(scene.problems().await, Vec::<String>::new());
}

#[tokio::test]
async fn an_acknowledged_backup_that_is_missing_is_caught() {
    let mut scene = Scene::new(5).await;
    let path = scene.back_up().await;
    std::fs::remove_file(path).expect("it goes");
    assert_eq!(scene.problems().await.len(), 1);
}

#[tokio::test]
async fn half_a_backup_under_its_name_is_caught() {
    let mut scene = Scene::new(50).await;
    let path = scene.back_up().await;
    let bytes = std::fs::read(&path).expect("it reads");
    std::fs::write(&path, &bytes[..bytes.len() / 2]).expect("it writes");
    assert!(!scene.problems().await.is_empty());
}

#[tokio::test]
async fn a_backup_that_says_too_much_is_caught() {
    let mut scene = Scene::new(5).await;
    scene.back_up().await;
    scene.witness.hear(0, Line::BackupDone { name: NAME.into(), position: 6 });
    assert_eq!(scene.problems().await.len(), 1);
}

#[tokio::test]
async fn a_backup_of_another_log_is_caught() {
    let (scene, mut other) = (Scene::new(5).await, Scene::new(5).await);
    let path = other.back_up().await;
    std::fs::copy(path, scene.arguments.home.join(NAME)).expect("it copies");
    assert_eq!(scene.problems().await.len(), 1);
}
