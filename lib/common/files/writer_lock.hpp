#pragma once

namespace livecca {

// One writer of a file: a lock that belongs to the open file, not to the process. So it is not lost
// when the process opens and closes the file elsewhere, and it keeps out a second writer of the
// same process, too. A child of fork() does not get it: the descriptor leads to nowhere there.

/// Takes the lock of a file that is open for writing. False if another open file has it. True also
/// where the file system knows no locks.
///
/// Over NFS the server has the lock, so machines exclude each other, if it is mounted with locks
/// (not `nolock`). Where a server forgets a lock after a long loss of the network, the system lets
/// every later write through this descriptor fail.
bool lock_for_writing(int descriptor);

/// Closes it, and lets others have the lock.
void close_locked(int descriptor);

}  // namespace livecca
