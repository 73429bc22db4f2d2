// toolchain: any
use std::error::Error;
type BoxErr = Box<dyn Error + Send + Sync>;
fn plain() -> Result<u8, Box<dyn Error>> { Ok(1) }
fn only_send() -> Result<u8, Box<dyn Error + Send>> { Ok(1) }
fn fixed() -> Result<u8, BoxErr> { Ok(1) }
#[derive(Debug)] pub struct NotSync(std::rc::Rc<u8>);
impl std::fmt::Display for NotSync { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "{}", self.0) } }
impl Error for NotSync {}
fn custom() -> Result<u8, NotSync> { Ok(1) }
pub fn up1() -> Result<u8, BoxErr> { Ok(plain()?) }
pub fn up2() -> Result<u8, BoxErr> { Ok(only_send()?) }
pub fn down() -> Result<u8, Box<dyn Error>> { Ok(fixed()?) }
pub fn up3() -> Result<u8, BoxErr> { Ok(custom()?) }
pub fn up4() -> Result<u8, BoxErr> { plain() }
pub fn up5() -> Result<u8, BoxErr> { plain().map_err(|e| e.into()) }
pub fn up6() -> Result<u8, BoxErr> { plain().map_err(|e| e.to_string().into()) }
pub fn up7() -> Result<u8, BoxErr> { Ok(plain().map_err(|e| e.to_string())?) }
pub fn up8() -> Result<u8, BoxErr> { Err(Box::new(NotSync(Default::default()))) }
pub async fn up9() -> Result<u8, BoxErr> { Ok(plain()?) }
