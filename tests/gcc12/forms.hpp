#pragma once

// What the forms of forms.txt are made of: objects that notice when they are destroyed twice, or
// used when they are not there, and the least task that can be awaited.

#include <coroutine>
#include <cstdio>
#include <exception>
#include <initializer_list>
#include <new>
#include <set>
#include <utility>

struct counted {
  static inline int wrong = 0;
  static inline std::set<const void*> live;

  int v = 7;
  counted() { live.insert(this); }
  counted(int) { live.insert(this); }
  counted(const counted& other) {
    other.use();
    live.insert(this);
  }
  counted(counted&& other) noexcept : counted(std::as_const(other)) {}
  counted& operator=(const counted& other) {
    use();
    other.use();
    return *this;
  }
  ~counted() {
    if (live.erase(this) == 0) ++wrong;
  }
  int use() const {
    if (!live.contains(this)) ++wrong;
    return v;
  }
  explicit operator bool() const { return true; }
};

struct aggregate {
  counted member;
  int other = 0;
};
struct nested {
  aggregate a;
  int b = 0;
};
struct trivial {
  int a = 0;
  const char* b = nullptr;
};
struct with_constructor {
  counted member;
  explicit with_constructor(int) {}
  with_constructor(counted c, int) : member(c) {}
};
struct explicit_move {
  counted m;
  explicit_move() = default;
  explicit_move(counted c) : m(std::move(c)) {}
};

struct awaiter {
  int n = 1;
  explicit awaiter(int n) : n(n) {}
  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<>) noexcept { return false; }
  int await_resume() { return n; }
};

template <class T>
struct task {
  struct promise_type {
    std::coroutine_handle<> waiting;
    alignas(T) unsigned char room[sizeof(T)];
    bool has_value = false;

    ~promise_type() {
      if (has_value) reinterpret_cast<T*>(room)->~T();
    }
    task get_return_object() {
      return task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    struct go_back {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> self) noexcept {
        return self.promise().waiting;
      }
      void await_resume() noexcept {}
    };
    go_back final_suspend() noexcept { return {}; }
    template <class U>
    void return_value(U&& value) {
      new (room) T(std::forward<U>(value));
      has_value = true;
    }
    void unhandled_exception() noexcept { std::terminate(); }
    awaiter yield_value(const counted& c) { return awaiter(c.use()); }
    awaiter yield_value(const aggregate& c) { return awaiter(c.member.use()); }
    awaiter yield_value(int) { return awaiter(1); }
  };

  explicit task(std::coroutine_handle<promise_type> handle) : handle(handle) {}
  task(task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~task() {
    if (handle) handle.destroy();
  }
  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) noexcept {
    handle.promise().waiting = caller;
    return handle;
  }
  T await_resume() { return std::move(*reinterpret_cast<T*>(handle.promise().room)); }

  std::coroutine_handle<promise_type> handle;
};

struct started {
  struct promise_type {
    started get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

inline task<int> num(int n = 1) { co_return n; }
inline task<bool> yes(bool b = true) { co_return b; }
inline task<counted> make() {
  counted c;
  co_return c;
}
inline task<aggregate> make_agg_task() {
  aggregate c;
  co_return c;
}
inline aggregate make_agg() { return aggregate{}; }

template <class T>
task<int> look(T x) {
  (void)x;
  co_return 1;
}
template <class T>
awaiter see(const T&) {
  return awaiter(1);
}
template <class T>
awaiter seev(T) {
  return awaiter(1);
}
template <class T>
awaiter seem(T&&) {
  return awaiter(1);
}
inline awaiter open(aggregate o = {}) { return awaiter(o.member.use()); }
inline awaiter openr(const aggregate& o) { return awaiter(o.member.use()); }
inline awaiter openv(aggregate o) { return awaiter(o.member.use()); }
inline awaiter opent(trivial o) { return awaiter(o.a); }
inline awaiter two(const counted& a, const counted& b) { return awaiter(a.use() + b.use()); }

template <class T>
int eat(const T&) {
  return 1;
}
template <class... T>
int eats(const T&...) {
  return 1;
}
inline int eat2(const counted& a, int) { return a.use(); }

template <class T>
started run(task<T> (*form)(counted&, bool), counted& s, bool& done) {
  auto awaited = form(s, true);
  auto result = co_await awaited;
  (void)result;
  done = true;
}

/// Whether the form does nothing wrong: ends, and makes and destroys each object once.
template <class T>
bool right(task<T> (*form)(counted&, bool)) {
  bool done = false;
  {
    counted s;
    run(form, s, done);
  }
  return done && counted::wrong == 0 && counted::live.empty();
}
