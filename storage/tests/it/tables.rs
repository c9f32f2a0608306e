//! Tables: written together, read in order.

use plimsoll_storage::{Order, Table, TableBatch};

use crate::support::open;

#[test]
fn records_are_read_in_key_order_after_a_given_key() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let mut batch = TableBatch::default();
    for key in ["a1", "a2", "a3", "b1"] {
        batch.put(Table::Outbox, key.as_bytes(), key.into());
    }
    batch.put(Table::Alert, b"a9", b"another table".to_vec());
    batch.put(Table::Delivery, b"\xff\xff", b"at the end".to_vec());
    store.commit(batch).expect("written");
    let keys = |prefix: &str, after: Option<&str>, order, limit| {
        let after = after.map(str::as_bytes);
        let records = store.records(Table::Outbox, prefix.as_bytes(), after, order, limit);
        let records = records.expect("readable").into_iter();
        records.map(|(key, _)| String::from_utf8(key).expect("text")).collect::<Vec<_>>()
    };
    assert_eq!(keys("", None, Order::Ascending, 9), ["a1", "a2", "a3", "b1"]);
    assert_eq!(keys("", None, Order::Descending, 9), ["b1", "a3", "a2", "a1"]);
    assert_eq!(keys("a", None, Order::Ascending, 9), ["a1", "a2", "a3"]);
    assert_eq!(keys("a", None, Order::Descending, 2), ["a3", "a2"]);
    assert_eq!(keys("a", Some("a1"), Order::Ascending, 9), ["a2", "a3"]);
    assert_eq!(keys("a", Some("a3"), Order::Descending, 9), ["a2", "a1"]);
    let last = store.records(Table::Delivery, b"\xff", None, Order::Descending, 1);
    assert_eq!(last.expect("readable").len(), 1);
}

#[test]
fn changes_are_kept_across_a_restart() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path());
    let mut batch = TableBatch::default();
    batch.put(Table::Cursor, b"evaluator", vec![1, 2]);
    batch.put(Table::Silence, b"deleted", vec![3]);
    batch.delete(Table::Silence, b"deleted");
    store.commit(batch).expect("written");
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.get(Table::Cursor, b"evaluator").expect("readable"), Some(vec![1, 2]));
    assert_eq!(store.get(Table::Silence, b"deleted").expect("readable"), None);
}
