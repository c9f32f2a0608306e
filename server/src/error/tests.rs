use super::*;
use crate::docs::check_generated;

#[test]
fn docs_list_all_error_codes() {
    let row = |code: &ErrorCode| {
        let (name, status) = (code.as_str(), code.status().as_u16());
        format!("| {status} | `{name}` | {} | {} |\n", code.title(), code.remedy())
    };
    let rows: String = ErrorCode::ALL.iter().map(row).collect();
    let head = "| status | code | meaning | remedy |\n|---|---|---|---|\n";
    check_generated("api.md", "error codes", &format!("{head}{rows}"));
}

#[test]
fn docs_list_all_codes_of_rejected_items() {
    let row = |(code, meaning): &(&str, &str)| format!("| `{code}` | {meaning} |\n");
    let rows: String = RejectCode::TABLE.iter().map(row).collect();
    check_generated("push.md", "rejected items", &format!("| code | meaning |\n|---|---|\n{rows}"));
}
