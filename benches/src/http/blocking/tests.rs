use std::net::{Shutdown, TcpListener};
use std::thread;

use super::*;

#[test]
fn answers_with_a_length_and_in_chunks_are_read_one_after_another() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let answers = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi\
            HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        stream.write_all(answers.as_bytes()).expect("sent");
        stream.shutdown(Shutdown::Write).expect("open");
        let mut requests = String::new();
        stream.read_to_string(&mut requests).expect("text");
        requests
    });
    let mut connection = BlockingConnection::open(address).expect("connected");
    let first = connection.get("/a?b=c").expect("answered");
    assert_eq!((first.status, first.body.as_slice()), (200, &b"hi"[..]));
    let second = connection.post("/d", &["x-y: z"], b"body").expect("answered");
    assert_eq!((second.status, second.body.as_slice()), (503, &b"abcde"[..]));
    assert!(connection.get("/gone").is_err());
    drop(connection);
    let requests = server.join().expect("no panic");
    assert!(requests.starts_with("GET /a?b=c HTTP/1.1\r\nhost: bench\r\n\r\nPOST /d "));
    assert!(requests.contains("x-y: z\r\ncontent-length: 4\r\n\r\nbody"));
}
