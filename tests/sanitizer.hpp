#pragma once

// Which sanitizers this is built with, each 1 or 0. clang, and g++ since 14, tell by __has_feature;
// older g++ has a macro for two of them, and does not tell of the undefined behaviour sanitizer.

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define UNDER_THREAD_SANITIZER 1
#endif
#if __has_feature(undefined_behavior_sanitizer)
#define UNDER_UNDEFINED_SANITIZER 1
#endif
#else
#ifdef __SANITIZE_ADDRESS__
#define UNDER_ADDRESS_SANITIZER 1
#endif
#ifdef __SANITIZE_THREAD__
#define UNDER_THREAD_SANITIZER 1
#endif
#endif

#ifndef UNDER_ADDRESS_SANITIZER
#define UNDER_ADDRESS_SANITIZER 0
#endif
#ifndef UNDER_THREAD_SANITIZER
#define UNDER_THREAD_SANITIZER 0
#endif
#ifndef UNDER_UNDEFINED_SANITIZER
#define UNDER_UNDEFINED_SANITIZER 0
#endif

#define UNDER_SANITIZER \
  (UNDER_ADDRESS_SANITIZER || UNDER_THREAD_SANITIZER || UNDER_UNDEFINED_SANITIZER)
