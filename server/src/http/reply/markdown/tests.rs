use plimsoll_alerting::RUNBOOKS;

use super::*;

#[test]
fn every_page_becomes_html_with_its_calls_in_blocks() {
    for page in RUNBOOKS {
        let page = html(page.title(), page.text);
        for part in ["<h1>", "<h2>Triage</h2>", "<pre><code>", "<li>", "</html>"] {
            assert!(page.contains(part), "{part} in {page}");
        }
    }
}
