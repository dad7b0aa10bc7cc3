#include "failing_new.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::uint64_t> made{0};
std::atomic<std::uint64_t> failing{0};

bool is_to_fail() noexcept { return ++made == failing; }

std::size_t rounded_up(std::size_t size, std::size_t alignment) {
  return (size + alignment - 1) / alignment * alignment;
}

}  // namespace

void livecca_tests::fail_allocation(std::uint64_t number) {
  made = 0;
  failing = number;
}

std::uint64_t livecca_tests::allocations_made() { return made; }

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return is_to_fail() ? nullptr : std::malloc(size > 0 ? size : 1);
}

void* operator new(std::size_t size) {
  if (void* const block = operator new(size, std::nothrow)) return block;
  throw std::bad_alloc();
}

void* operator new[](std::size_t size) { return operator new(size); }

void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return operator new(size, std::nothrow);
}

void* operator new(std::size_t size, std::align_val_t align) {
  const auto alignment = static_cast<std::size_t>(align);
  void* const block =
      is_to_fail() ? nullptr : std::aligned_alloc(alignment, rounded_up(size, alignment));
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void* operator new[](std::size_t size, std::align_val_t align) { return operator new(size, align); }

void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
