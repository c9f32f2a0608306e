use std::collections::BTreeSet;

use super::*;
use crate::docs::check_generated;

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

/// Parameters that most queries share have a table of their own.
fn is_shared(parameter: &ParameterDescription, queries: &[&Call]) -> bool {
    let same =
        |one: &ParameterDescription| (one.name, one.about) == (parameter.name, parameter.about);
    let takers = queries.iter().filter(|call| call.parameters.iter().any(same));
    takers.count() * 2 > queries.len()
}

/// A table of parameters. Labels come once, as they all take the same.
fn table<'a>(parameters: impl Iterator<Item = &'a ParameterDescription>) -> String {
    let mut rows = "| parameter | example | meaning |\n|---|---|---|\n".to_owned();
    let mut last = "";
    for parameter in parameters {
        let ParameterDescription { name, about, example, .. } = parameter;
        if *about == last {
            let place = rows.rfind("` | `").expect("a row before");
            rows.insert_str(place + 1, &format!(", `{name}`"));
            continue;
        }
        rows += &format!("| `{name}` | `{example}` | {about} |\n");
        last = about;
    }
    rows
}

#[test]
fn docs_list_the_parameters_of_all_queries() {
    let calls = calls::all();
    let queries: Vec<&Call> = calls.iter().filter(|call| call.tag == "query").collect();
    let mut shared: Vec<&ParameterDescription> = Vec::new();
    for parameter in queries.iter().flat_map(|call| &call.parameters) {
        let is_new = shared.iter().all(|one| one.name != parameter.name);
        if is_new && is_shared(parameter, &queries) {
            shared.push(parameter);
        }
    }
    check_generated("query.md", "parameters of most queries", &table(shared.into_iter()));
    for call in &queries {
        let own = call.parameters.iter().filter(|one| !is_shared(one, &queries));
        let own: Vec<_> = own.collect();
        if !own.is_empty() {
            let name = format!("parameters of {}", call.path);
            check_generated("query.md", &name, &table(own.into_iter()));
        }
    }
}

#[test]
fn docs_list_the_scope_of_every_call() {
    use crate::access::Scope;

    let mut rows =
        "| call | push | read | ids | operate | admin | a key for some partners |\n".to_owned();
    rows += "|---|---|---|---|---|---|---|\n";
    for call in calls::all() {
        rows += &format!("| `{} {}` |", call.method.to_uppercase(), call.path);
        let takes = |scope| matches!(call.access, Access::Takes(taken) if taken == scope);
        for scope in Scope::ALL {
            rows += if takes(scope) { " yes |" } else { " |" };
        }
        rows += match call.access {
            Access::Public => " needs no key |\n",
            Access::Takes(_) if call.is_narrowed() => " those partners |\n",
            Access::Takes(_) => " refused |\n",
        };
    }
    check_generated("access.md", "scopes", &rows);
}
