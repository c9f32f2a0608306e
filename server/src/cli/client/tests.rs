use std::net::TcpListener;

use super::*;

#[tokio::test]
async fn a_server_that_refuses_or_never_answers_is_an_error_with_its_cause() {
    // A port that was free a moment ago refuses. A listener that accepts nothing never answers.
    let refusing = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr()).expect("a port");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent_address = silent.local_addr().expect("it is bound");
    for (address, expected) in [(refusing, "cannot reach"), (silent_address, "no answer from")] {
        let client = Client::new(&format!("http://{address}/")).expect("a client");
        let request = client.request(Method::GET, "/readyz").timeout(Duration::from_millis(200));
        let error = client.send(request).await.expect_err(expected).to_string();
        let start = format!("{expected} http://{address}: ");
        assert!(error.starts_with(&start) && error.ends_with("of a running server?"), "{error}");
    }
    for url in ["127.0.0.1:8585", "localhost", "ftp://a", ""] {
        let error = Client::new(url).expect_err(url).to_string();
        assert!(error.contains("use one such as http://127.0.0.1:8585"), "{error}");
    }
}
