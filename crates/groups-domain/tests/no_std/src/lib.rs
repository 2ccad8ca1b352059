//! A static library without `std` that decides a request with groups-domain. A dependency that links `std` brings a second panic
//! handler with it, and the build fails.

#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr;

use groups_domain::{Command, GroupId, Limits, Roster, Timestamp, UserId, Uuid};

/// Creates a group in memory, and returns how many users are told of it.
#[unsafe(no_mangle)]
pub extern "C" fn users_told() -> usize {
    let mut roster = Roster::new(GroupId::new(Uuid::from_u128(1)), Limits::default());
    let Ok(create) = Command::create("Project Team", "") else { return 0 };
    let ada = UserId::new(Uuid::from_u128(2));
    roster.execute(ada, Timestamp::from_unix_millis(0), create).map_or(0, |told| told.len())
}

/// The library is linked, not run: no allocation has to succeed.
struct NoMemory;

unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static MEMORY: NoMemory = NoMemory;

#[panic_handler]
fn abort(_: &PanicInfo<'_>) -> ! {
    loop {
        core::hint::spin_loop();
    }
}
