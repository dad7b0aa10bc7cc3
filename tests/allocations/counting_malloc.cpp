#include "counting_malloc.hpp"

#include <malloc.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<std::size_t> count{0};
std::atomic<std::size_t> live{0};

}  // namespace

#ifdef LIVECCA_TESTS_SANITIZED

bool livecca_tests::counts_allocations() { return false; }

#else

// glibc's own names for what is replaced here.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
void __libc_free(void* block);
}

namespace {

void* counted(void* block) {
  ++count;
  if (block != nullptr) live += malloc_usable_size(block);
  return block;
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return counted(__libc_malloc(size)); }
void* calloc(std::size_t number, std::size_t size) { return counted(__libc_calloc(number, size)); }
void* memalign(std::size_t alignment, std::size_t size) {
  return counted(__libc_memalign(alignment, size));
}
void* aligned_alloc(std::size_t alignment, std::size_t size) { return memalign(alignment, size); }
int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
  *block = memalign(alignment, size);
  return *block == nullptr ? ENOMEM : 0;
}
void* realloc(void* block, std::size_t size) {
  if (block != nullptr) live -= malloc_usable_size(block);
  return counted(__libc_realloc(block, size));
}
void free(void* block) {
  if (block != nullptr) live -= malloc_usable_size(block);
  __libc_free(block);
}

}  // extern "C"

bool livecca_tests::counts_allocations() { return true; }

#endif

std::size_t livecca_tests::allocation_count() { return count; }
std::size_t livecca_tests::live_bytes() { return live; }
