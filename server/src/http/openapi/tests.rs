use std::collections::BTreeSet;

use super::*;

#[test]
fn every_call_is_described_once_and_completely() {
    let calls = calls::all();
    let ids: BTreeSet<_> = calls.iter().map(operation_id).collect();
    assert_eq!(ids.len(), calls.len(), "operation ids are unique: {ids:?}");
    for call in &calls {
        let path = call.path;
        assert!(!call.summary.is_empty() && !call.tag.is_empty(), "{path}");
        let names: BTreeSet<_> = call.parameters.iter().map(|one| one.name).collect();
        assert_eq!(names.len(), call.parameters.len(), "{path}: parameters come once");
        let in_path = call.parameters.iter().filter(|one| !one.is_in_query);
        let in_path: BTreeSet<_> = in_path.map(|one| one.name).collect();
        let braced = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, braced.collect(), "{path}");
        for (_, example) in call.bodies {
            assert!(serde_json::from_str::<Value>(example).is_ok(), "{path}: {example}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let Description(document) = describe(&calls::all());
    let document = Value::Object(document);
    let mut pending = vec![&document];
    let mut references = 0;
    while let Some(value) = pending.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    references += 1;
                    let pointer = reference.trim_start_matches('#');
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                }
                pending.extend(fields.values());
            }
            Value::Array(items) => pending.extend(items),
            _ => {}
        }
    }
    assert!(references > 20, "{references}");
}
