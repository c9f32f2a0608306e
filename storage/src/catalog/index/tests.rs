use super::*;

#[test]
fn bitmaps_combine_to_selectors() {
    let mut index = Index::default();
    index.insert(StreamId(0), 1, [10, 20, 30, 40, 50]);
    index.insert(StreamId(1), 1, [11, 20, 30, 40, 50]);
    index.insert(StreamId(2), 2, [10, 21, 30, 40, 50]);
    let both = index.with_any(Label::Partner, [10, 11].into_iter());
    assert_eq!(both.iter().collect::<Vec<_>>(), [0, 1, 2]);
    let named = index.named(1) & both;
    assert_eq!(named.iter().collect::<Vec<_>>(), [0, 1]);
    assert!(index.with_any(Label::Site, [99].into_iter()).is_empty());
    assert_eq!(index.all().len(), 3);
}
