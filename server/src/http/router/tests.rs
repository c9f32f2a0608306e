use super::is_text;

#[test]
fn escapes_in_a_path_stand_for_text() {
    for path in
        ["/", "/runbooks/a%20b", "/%C3%A9", "/%zz", "/%", "/%f", "/%+f", "/%F0%9F%98%80", "/a%00"]
    {
        assert!(is_text(path), "{path}");
    }
    for path in ["/runbooks/%ff", "/%FF/x", "/%C3%28", "/%c3", "/a%80b", "/%ED%A0%80", "/%c3/%a9"] {
        assert!(!is_text(path), "{path}");
    }
}
