//! Pictures inside the terminal, where it can show them.

use std::io::IsTerminal;
use viuer::{Config, KittySupport};

/// Width of a picture in character cells.
const WIDTH_CELLS: u32 = 48;

/// Whether standard output is a terminal with a picture protocol (kitty, iTerm
/// or sixel). Blocks of colour are no picture: without a protocol the file name
/// has to do.
pub(super) fn can_show() -> bool {
    std::io::stdout().is_terminal()
        && (viuer::get_kitty_support() != KittySupport::None
            || viuer::is_iterm_supported()
            || viuer::is_sixel_supported())
}

/// Shows a picture at the cursor. One that cannot be shown is left out: its file
/// is named beside it.
pub(super) fn show(bytes: &[u8]) {
    let Ok(picture) = image::load_from_memory(bytes) else { return };
    let config =
        Config { absolute_offset: false, width: Some(WIDTH_CELLS), x: 4, ..Config::default() };
    // The answer stands without the picture.
    drop(viuer::print(&picture, &config));
}
