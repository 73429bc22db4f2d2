#[test]
fn smoke() {
    let t = "async fn io() {}\nasync fn f() { let g = mk(); io().await; }\n";
    println!("{:#?}", super::analyse(t, ra_ap_syntax::Edition::Edition2021));
}
