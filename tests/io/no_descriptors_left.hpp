#pragma once

/// While one lives, the system calls of the library that make a descriptor fail with EMFILE. One
/// at a time, in a test in which one thread works.
///
/// The limit of the process is lowered only for the length of such a call: UBSan's vptr check opens
/// a pipe to look at memory, and where it cannot it takes every object for a wrong one.
class no_descriptors_left {
 public:
  no_descriptors_left() noexcept;
  no_descriptors_left(const no_descriptors_left&) = delete;
  no_descriptors_left& operator=(const no_descriptors_left&) = delete;
  ~no_descriptors_left();
};
