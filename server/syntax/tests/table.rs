//! The catalogue of what keeps a value in a future, row by row, as rustc 1.95 answers it.

use ra_ap_syntax::Edition::{Edition2021, Edition2024};

use super::check_lines;

#[test]
fn dropped_and_moved_values() {
    let cases = r#"
        // Never borrowed: gone.
        let g = lock(); drop(g); io().await
        //= -
        let g = lock(); std::mem::drop(g); io().await
        //= -
        let g = mk(); std::mem::forget(g); io().await
        //= -
        let g = mk(); let h = g; drop(h); io().await
        //= -
        let g = lock(); consume(g); io().await
        //= -
        let g = lock(); { let mut g = g; g.push(1); } io().await
        //= -
        // Borrowed before: still held.
        let mut g = lock(); g.push(1); drop(g); io().await
        //= g
        let g = mk(); println!("{g}"); drop(g); io().await
        //= g
        let g = mk(); consume(&g); drop(g); io().await
        //= g
        let g = mk(); let h = g.clone(); drop(g); drop(h); io().await
        //= g
        let g = lock(); let n: u8 = *g; drop(g); io().await
        //= g
        let mut g = lock(); *g += 1; drop(g); io().await
        //= g
        let g = mk(); let c = || consume(&g); c(); drop(g); io().await
        //= g, c
        let mut g = lock(); g.push(1); consume(g); io().await
        //= g
        let mut g = lock(); g.push(1); { let mut g = g; g.push(1); } io().await
        //= g
        // Branches.
        let g = lock(); if cond() { drop(g); } io().await
        //= g
        let g = lock(); if cond() { drop(g); io().await }
        //= -
        let g = lock(); if cond() { drop(g); } else { drop(g); } io().await
        //= -
        let g = lock(); if g.is_empty() { return; } drop(g); io().await
        //= g
        // Shadowing does not drop.
        let g = lock(); let g = (); io().await
        //= g
        let _ = lock(); io().await
        //= -
        let _g = lock(); io().await
        //= _g
        // Parts.
        let s: S = mk(); let n: u8 = s.n; drop(s); io().await
        //= -
        let s: S = mk(); println!("{}", s.n); drop(s); io().await
        //= s
        let t: Two = mk(); drop(t.a); io().await; println!("{}", t.b)
        //= t
        let Two { a, b } = mk(); drop(a); io().await; println!("{}", b)
        //= b
        let mut o = Some(mk()); drop(o.take()); io().await
        //= o
        let mut o = Some(mk()); o = None; io().await
        //= o
        let mut v = mk(); v = mk(); drop(v); io().await
        //= v
    "#;
    check_lines(Edition2021, cases);
}

#[test]
fn scopes_loops_and_unreachable_awaits() {
    let cases = r#"
        { let g = lock(); } io().await
        //= -
        let n: usize = { let g = lock(); g.len() }; io().await; println!("{n}")
        //= n
        let n: u8 = 'a: { let g = lock(); if g.is_empty() { break 'a 0; } g.len() }; io().await; consume(n)
        //= n
        let v: u8 = { let g = lock(); *g.first()? }; num(v).await
        //= -
        loop { let v: u8 = { let g = lock(); if g.is_empty() { break; } if g[0] == 1 { continue; } g[0] }; num(v).await; }
        //= -
        let v: usize = (|| { let g = lock(); g.len() })(); num(v as u8).await
        //= -
        let n; io().await; n = mk(); drop(n)
        //= -
        io().await; let g = mk(); println!("{g}")
        //= -
        let g = mk(); println!("{g}")
        //= 
        let g = mk(); return; io().await; drop(g)
        //= -
        let g = mk(); if false { io().await; } drop(g)
        //= g
        let mut last = None; for i in 0..3 { io().await; last = Some(mk()); } drop(last)
        //= last, 0..3
        for i in 0..3 { io().await; let rc = mk(); println!("{rc}"); }
        //= 0..3
        loop { let g = lock(); if g.is_empty() { drop(g); io().await; continue; } break; }
        //= g
        let g = mk(); io().await; panic!("{g}")
        //= g
        let mut g = lock(); drop(g); io().await; g = lock(); g.push(1)
        //= -
        // Without a destructor, unused and unborrowed.
        let x = 1u8; let p = &x as *const u8; consume(p); io().await; consume(x)
        //= x
        let c = Cell::new(1); let r = &c; r.set(2); io().await; consume(c.get())
        //= c
        let p: *const u8 = ptr(); println!("{p:?}"); io().await
        //= p
        let c = Cell::new(1); let r = &c; println!("{r:?}"); io().await
        //= c, r
    "#;
    check_lines(Edition2021, cases);
}

#[test]
fn parameters() {
    let cases = r#"
        async fn f(g: Rc<u8>) { drop(g); io().await; }
        //= -
        async fn f(g: Rc<u8>) { let n: u8 = *g; drop(g); io().await; consume(n) }
        //= g, n
        async fn f(g: Rc<u8>) { io().await; }
        //= g
        async fn f(c: &Cell<u8>) { c.set(1); io().await; }
        //= -
        async fn f(c: &Cell<u8>) { io().await; c.set(1); }
        //= c
        async fn f(_: Rc<u8>) { io().await; }
        //= _
        async fn f((a, _b): (Rc<u8>, u8)) { io().await; println!("{a}"); }
        //= (a, _b), a, _b
        async fn f(r#type: Größe) { io().await; }
        //= type
    "#;
    check_lines(Edition2024, cases);
}

#[test]
fn temporaries_of_scrutinees() {
    let same = r#"
        match M.lock().unwrap().pop() { _ => io().await }
        //= M.lock().unwrap(), M.lock().unwrap().pop()
        match M.lock().unwrap().get(&1).cloned() { Some(_) => io().await, None => {} }
        //= M.lock().unwrap(), M.lock().unwrap().get(&1).cloned()
        if let Some(_) = M.lock().unwrap().first() { io().await; }
        //= M.lock().unwrap(), M.lock().unwrap().first()
        if let Some(_) = M.lock().unwrap().first() { } io().await
        //= -
        while let Some(_) = M.lock().unwrap().first() { io().await; }
        //= M.lock().unwrap(), M.lock().unwrap().first()
        while let Some(1) = { let v = M.lock().unwrap().pop(); v } { } io().await
        //= -
        if M.lock().unwrap().is_empty() { io().await; }
        //= -
        while M.lock().unwrap().is_empty() { io().await; }
        //= -
        let Some(_) = M.lock().unwrap().pop() else { return io().await }; io().await
        //= - | -
        loop { let Some(_) = M.lock().unwrap().pop() else { break }; io().await; }
        //= -
        for x in M.lock().unwrap().iter() { io().await; }
        //= M.lock().unwrap(), M.lock().unwrap().iter()
        match r() { Ok(_) => io().await, Err(e) => consume(e) }
        //= r()
        let v: u8 = match r() { Ok(v) => v, Err(e) => return }; io().await
        //= -
        let r = r(); let v: u8 = match r { Ok(v) => v, Err(e) => return }; io().await
        //= r
        let Ok(_) = r() else { return }; io().await
        //= -
        if let Err(e) = r() { let s = e.to_string(); drop(e); io().await; println!("{s}") }
        //= e, r(), s
    "#;
    check_lines(Edition2021, same);
    check_lines(Edition2024, same);
}

#[test]
fn temporaries_before_2024() {
    let cases = r#"
        if let Some(_) = M.lock().unwrap().first() { } else { io().await; }
        //= M.lock().unwrap(), M.lock().unwrap().first()
        match { M.lock().unwrap().len() } { 1 => io().await, _ => {} }
        //= M.lock().unwrap()
        for _ in { M.lock().unwrap().clone() } { io().await; }
        //= { M.lock().unwrap().clone() }, M.lock().unwrap()
        num({ *M.lock().unwrap() }).await
        //= M.lock().unwrap()
    "#;
    check_lines(Edition2021, cases);
}

#[test]
fn temporaries_since_2024() {
    let cases = r#"
        if let Some(_) = M.lock().unwrap().first() { } else { io().await; }
        //= -
        match { M.lock().unwrap().len() } { 1 => io().await, _ => {} }
        //= -
        for _ in { M.lock().unwrap().clone() } { io().await; }
        //= { M.lock().unwrap().clone() }
        num({ *M.lock().unwrap() }).await
        //= -
        if let Some(x) = M.lock().unwrap().pop() && num(1).await == 1 { }
        //= x, M.lock().unwrap(), M.lock().unwrap().pop()
        if let Some(_) = M.lock().unwrap().pop() && cond() { } else { io().await }
        //= -
        while let Some(_) = M.lock().unwrap().pop() && cond() { io().await; }
        //= M.lock().unwrap(), M.lock().unwrap().pop()
    "#;
    check_lines(Edition2024, cases);
}

#[test]
fn temporaries_of_expressions() {
    let cases = r#"
        num(*M.lock().unwrap()).await
        //= M.lock().unwrap()
        let fut = num(*M.lock().unwrap()); fut.await
        //= -
        let n = M.lock().unwrap().len(); io().await
        //= -
        let x = &*M.lock().unwrap(); io().await
        //= M.lock().unwrap()
        *M.lock().unwrap() = num().await
        //= -
        M.lock().unwrap()[0] = num().await
        //= -
        M.lock().unwrap().push(num().await)
        //= M.lock().unwrap()
        let v: u8 = *mk() + num(1).await; consume(v)
        //= *mk(), mk()
        let v: u8 = num(1).await + *mk(); consume(v)
        //= -
        let p = P { rc: mk(), a: num(1).await }; consume(p)
        //= mk()
        let p = P { a: num(1).await, rc: mk() }; consume(p)
        //= -
        num(*g().await).await
        //= - | g().await
        takes(&Rc::new(1), num().await)
        //= &Rc::new(1), Rc::new(1)
        let s = &String::new(); io().await
        //= String::new()
        let s = Some(&String::new()); io().await
        //= String::new()
        let s = f(&String::new()).len(); io().await
        //= -
    "#;
    check_lines(Edition2024, cases);
}
