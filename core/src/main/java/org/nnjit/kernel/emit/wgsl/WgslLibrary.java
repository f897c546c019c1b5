package org.nnjit.kernel.emit.wgsl;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Functions that kernels call: 64-bit integers as {@code vec2<u32>}, low half first; integer
 * quotients and shifts that are defined everywhere; float functions where WGSL asks for less
 * precision than f32 has, or leaves infinities and NaN to chance. Their names end in an underscore,
 * so that they meet no name of WGSL.
 */
final class WgslLibrary {
  private static final String SOURCE =
      """
      // A constant must not be an infinity or NaN; what a function makes of it may.
      fn bits_(x: u32) -> f32 {
        return bitcast<f32>(x);
      }
      fn i32_id_(x: i32) -> i32 {
        return x;
      }
      fn nan_(x: f32) -> bool {
        return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
      }
      fn inf_(x: f32) -> bool {
        return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u;
      }
      fn max_(a: f32, b: f32) -> f32 {
        return select(select(max(a, b), b, nan_(b)), a, nan_(a));
      }
      fn min_(a: f32, b: f32) -> f32 {
        return select(select(min(a, b), b, nan_(b)), a, nan_(a));
      }
      fn nan4_(x: vec4<f32>) -> vec4<bool> {
        return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
      }
      fn max4_(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
        return select(select(max(a, b), b, nan4_(b)), a, nan4_(a));
      }
      fn min4_(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
        return select(select(min(a, b), b, nan4_(b)), a, nan4_(a));
      }
      // Exact: each difference of neighbours within a factor of two is.
      fn rem_(a: f32, b: f32) -> f32 {
        let m = abs(b);
        var r = abs(a);
        if (!(m > 0.0) || inf_(a) || nan_(a)) { return bits_(0x7fc00000u); }
        if (inf_(b)) { return a; }
        while (r >= m) {
          var s = m * exp2(floor(log2(r / m)));
          if (s > r) { s *= 0.5; }
          if (s * 2.0 <= r) { s *= 2.0; }
          r -= s;
        }
        return select(r, -r, a < 0.0);
      }
      fn floor_mod_(a: f32, b: f32) -> f32 {
        let r = rem_(a, b);
        return select(r, r + b, r != 0.0 && (r < 0.0) != (b < 0.0));
      }
      fn pow_(x: f32, y: f32) -> f32 {
        if (y == 0.0 || x == 1.0 || (x == -1.0 && inf_(y))) { return 1.0; }
        if (nan_(x) || nan_(y)) { return bits_(0x7fc00000u); }
        if (y == 1.0) { return x; }
        if (y == 2.0) { return x * x; }
        if (y == 3.0) { return x * x * x; }
        let p = pow(abs(x), y);
        if (x >= 0.0) { return p; }
        if (floor(y) != y) { return select(bits_(0x7fc00000u), p, inf_(x)); }
        return select(-p, p, floor(y * 0.5) * 2.0 == y);
      }
      fn log1p_(x: f32) -> f32 {
        if (abs(x) < 0.01) { return x * (1.0 - x * (0.5 - x * (0.33333333 - x * 0.25))); }
        return log(1.0 + x);
      }
      fn acosh_(x: f32) -> f32 {
        if (x < 1.0) { return bits_(0x7fc00000u); }
        if (x > 1e18) { return log(x) + 0.6931472; }
        let t = x - 1.0;
        return log1p_(t + sqrt(t * (t + 2.0)));
      }
      fn asinh_(x: f32) -> f32 {
        let a = abs(x);
        if (a > 1e18) { return sign(x) * (log(a) + 0.6931472); }
        return sign(x) * log1p_(a + a * a / (1.0 + sqrt(a * a + 1.0)));
      }
      fn atanh_(x: f32) -> f32 {
        let a = abs(x);
        return sign(x) * 0.5 * log1p_(2.0 * a / (1.0 - a));
      }
      fn sinh_(x: f32) -> f32 {
        let z = x * x;
        if (z < 1.0) {
          return x * (1.0 + z * (0.16666667 + z * (8.3333333e-3 + z * (1.984127e-4 + z * 2.755732e-6))));
        }
        let e = exp(abs(x) * 0.5);
        return sign(x) * (0.5 * e * e - 0.5 / e / e);
      }
      fn cosh_(x: f32) -> f32 {
        let e = exp(abs(x) * 0.5);
        return 0.5 * e * e + 0.5 / e / e;
      }
      fn tanh_(x: f32) -> f32 {
        let z = x * x;
        if (z < 0.3) {
          return x + x * z * (-0.33333334 + z * (0.13333333 + z * (-0.053968254 + z * (0.021869488 + z * (-8.863235e-3 + z * 3.592128e-3)))));
        }
        return sign(x) * (1.0 - 2.0 / (exp(2.0 * min_(abs(x), 10.0)) + 1.0));
      }
      // WGSL's own are only right to 2^-11. x less quarters of a turn, whose three parts keep products
      // exact; as Cephes' sinf.
      fn sine_(x: f32, shift: i32) -> f32 {
        let q = round(x * 0.63661977);
        let r = ((x - q * 1.5703125) - q * 4.837513e-4) - q * 7.54979e-8;
        let z = r * r;
        let s = r + r * z * (-0.16666655 + z * (8.332161e-3 - z * 1.9515296e-4));
        let c = 1.0 - 0.5 * z + z * z * (0.041666646 + z * (-1.3887316e-3 + z * 2.4433157e-5));
        let k = i32(q) + shift;
        let v = select(s, c, (k & 1) != 0);
        return select(v, -v, (k & 2) != 0);
      }
      fn sin_(x: f32) -> f32 {
        return sine_(x, 0);
      }
      fn cos_(x: f32) -> f32 {
        return sine_(x, 1);
      }
      fn tan_(x: f32) -> f32 {
        return sine_(x, 0) / sine_(x, 1);
      }
      fn asin_(x: f32) -> f32 {
        let a = abs(x);
        if (a > 1.0) { return bits_(0x7fc00000u); }
        let half = a > 0.5;
        let z = select(a * a, 0.5 * (1.0 - a), half);
        let s = select(a, sqrt(z), half);
        let p = s + s * z * (0.16666667 + z * (0.075 + z * (0.044642857 + z * (0.030381944 + z * (0.022372159 + z * (0.017352764 + z * (0.01396484 + z * 0.0146)))))));
        return select(1.0, -1.0, x < 0.0) * select(p, 1.5707964 - 2.0 * p, half);
      }
      fn acos_(x: f32) -> f32 {
        if (x > 0.5) { return 2.0 * asin_(sqrt(0.5 * (1.0 - x))); }
        return 1.5707964 - asin_(x);
      }
      fn atan_(x: f32) -> f32 {
        let a = abs(x);
        var base = 0.0;
        var t = a;
        if (a > 2.4142137) { base = 1.5707964; t = -1.0 / a; }
        else if (a > 0.41421357) { base = 0.7853982; t = (a - 1.0) / (a + 1.0); }
        let z = t * t;
        let p = t - t * z * (0.33333334 - z * (0.2 - z * (0.14285715 - z * (0.11111111 - z * (0.09090909 - z * (0.07692308 - z * 0.06))))));
        return select(1.0, -1.0, x < 0.0) * (base + p);
      }
      // Below 0.5 the series, above it formula 7.1.26 of Abramowitz and Stegun: 1.5e-7.
      fn erf_(x: f32) -> f32 {
        let a = abs(x);
        let z = x * x;
        if (a < 0.5) {
          return x * (1.1283792 - z * (0.37612638 - z * (0.11283792 - z * (0.026866170 - z * (5.2239776e-3 - z * 8.5483270e-4)))));
        }
        let t = 1.0 / (1.0 + 0.3275911 * a);
        let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
        return select(1.0, -1.0, x < 0.0) * (1.0 - p * exp(-min_(z, 100.0)));
      }
      fn sigmoid_(x: f32) -> f32 {
        return 1.0 / (1.0 + exp(-x));
      }
      fn f16_round_(x: f32) -> f32 {
        let a = abs(x);
        if (nan_(x)) { return x; }
        if (a >= 65520.0) { return select(1.0, -1.0, x < 0.0) * bits_(0x7f800000u); }
        if (a < 6.1035156e-5) { return round(x * 16777216.0) * 5.9604645e-8; }
        let b = bitcast<u32>(x);
        return bitcast<f32>((b + 0xfffu + ((b >> 13u) & 1u)) & 0xffffe000u);
      }
      fn bf16_round_(x: f32) -> f32 {
        if (nan_(x)) { return x; }
        let b = bitcast<u32>(x);
        return bits_((b + 0x7fffu + ((b >> 16u) & 1u)) & 0xffff0000u);
      }
      fn f32_to_i32_(x: f32) -> i32 {
        if (nan_(x)) { return 0; }
        if (x >= 2147483648.0) { return 2147483647; }
        if (x <= -2147483648.0) { return i32(-2147483648); }
        return i32(x);
      }
      fn f32_to_u32_(x: f32) -> i32 {
        return bitcast<i32>(f32_to_i64_(x).x);
      }
      fn f32_to_i64_(x: f32) -> vec2<u32> {
        let a = abs(x);
        if (nan_(x)) { return vec2<u32>(0u, 0u); }
        if (x >= 9223372036854775808.0) { return vec2<u32>(0xffffffffu, 0x7fffffffu); }
        if (x <= -9223372036854775808.0) { return vec2<u32>(0u, 0x80000000u); }
        let high = u32(a * 2.3283064e-10);
        let r = vec2<u32>(u32(a - f32(high) * 4294967296.0), high);
        if (x < 0.0) { return i64_neg_(r); }
        return r;
      }
      fn f32_to_u64_(x: f32) -> vec2<u32> {
        if (x < 9223372036854775808.0 || nan_(x)) { return f32_to_i64_(x); }
        if (x >= 18446744073709551616.0) { return vec2<u32>(0xffffffffu, 0xffffffffu); }
        return f32_to_i64_(x - 9223372036854775808.0) ^ vec2<u32>(0u, 0x80000000u);
      }
      fn u64_to_f32_(a: vec2<u32>) -> f32 {
        return f32(a.y) * 4294967296.0 + f32(a.x);
      }
      fn i64_to_f32_(a: vec2<u32>) -> f32 {
        if ((a.y >> 31u) == 0u) { return u64_to_f32_(a); }
        return -u64_to_f32_(i64_neg_(a));
      }
      fn i32_div_(a: i32, b: i32) -> i32 {
        if (b == 0) { return 0; } return a / b;
      }
      fn i32_rem_(a: i32, b: i32) -> i32 {
        if (b == 0) { return 0; } return a % b;
      }
      fn i32_floor_div_(a: i32, b: i32) -> i32 {
        return i32_div_(a, b) - i32(i32_rem_(a, b) != 0 && (a < 0) != (b < 0));
      }
      fn i32_floor_mod_(a: i32, b: i32) -> i32 {
        let r = i32_rem_(a, b);
        return select(r, r + b, r != 0 && (r < 0) != (b < 0));
      }
      fn u32_div_(a: i32, b: i32) -> i32 {
        if (b == 0) { return 0; }
        return bitcast<i32>(bitcast<u32>(a) / bitcast<u32>(b));
      }
      fn u32_rem_(a: i32, b: i32) -> i32 {
        if (b == 0) { return 0; }
        return bitcast<i32>(bitcast<u32>(a) % bitcast<u32>(b));
      }
      fn i32_pow_(a: i32, b: i32) -> i32 {
        if (b < 0) { return select(select(0, 1 - 2 * (b & 1), a == -1), 1, a == 1); }
        var r = 1;
        var f = a;
        for (var e = b; e != 0; e = e >> 1u) {
          if ((e & 1) == 1) { r *= f; }
          f *= f;
        }
        return r;
      }
      fn shl_(a: i32, b: i32, width: i32) -> i32 {
        if (b < 0 || b >= width) { return 0; }
        return a << u32(b);
      }
      fn i32_shr_(a: i32, b: i32, width: i32) -> i32 {
        if (b < 0 || b >= width) { return 0; }
        return a >> u32(b);
      }
      fn u32_shr_(a: i32, b: i32, width: i32) -> i32 {
        if (b < 0 || b >= width) { return 0; }
        return bitcast<i32>(bitcast<u32>(a) >> u32(b));
      }
      // The upper half is that of the sign where the mask has ones.
      fn i64_of_(x: i32, mask: u32) -> vec2<u32> {
        return vec2<u32>(bitcast<u32>(x), bitcast<u32>(x >> 31u) & mask);
      }
      fn i64_add_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let low = a.x + b.x;
        return vec2<u32>(low, a.y + b.y + u32(low < a.x));
      }
      fn i64_sub_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return vec2<u32>(a.x - b.x, a.y - b.y - u32(a.x < b.x));
      }
      fn i64_neg_(a: vec2<u32>) -> vec2<u32> {
        return i64_sub_(vec2<u32>(0u, 0u), a);
      }
      fn i64_abs_(a: vec2<u32>) -> vec2<u32> {
        return select(a, i64_neg_(a), (a.y >> 31u) == 1u);
      }
      fn i64_mul_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let p = (a.x & 0xffffu) * (b.x & 0xffffu);
        let q = (a.x >> 16u) * (b.x & 0xffffu) + (p >> 16u);
        let r = (a.x & 0xffffu) * (b.x >> 16u) + (q & 0xffffu);
        return vec2<u32>((r << 16u) | (p & 0xffffu),
          (a.x >> 16u) * (b.x >> 16u) + (q >> 16u) + (r >> 16u) + a.x * b.y + a.y * b.x);
      }
      fn u64_lt_(a: vec2<u32>, b: vec2<u32>) -> bool {
        return a.y < b.y || (a.y == b.y && a.x < b.x);
      }
      fn i64_lt_(a: vec2<u32>, b: vec2<u32>) -> bool {
        return bitcast<i32>(a.y) < bitcast<i32>(b.y) || (a.y == b.y && a.x < b.x);
      }
      fn i64_max_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return select(a, b, i64_lt_(a, b));
      }
      fn i64_min_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return select(b, a, i64_lt_(a, b));
      }
      fn u64_max_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return select(a, b, u64_lt_(a, b));
      }
      fn u64_min_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return select(b, a, u64_lt_(a, b));
      }
      // Quotient, then remainder.
      fn u64_divide_(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
        var q = vec2<u32>(0u, 0u);
        var r = vec2<u32>(0u, 0u);
        if ((b.x | b.y) == 0u) { return vec4<u32>(0u); }
        for (var i = 63; i >= 0; i--) {
          let word = select(a.x, a.y, i >= 32);
          let over = r.y >> 31u;
          r = vec2<u32>((r.x << 1u) | ((word >> u32(i & 31)) & 1u), (r.y << 1u) | (r.x >> 31u));
          if (over == 1u || !u64_lt_(r, b)) {
            r = i64_sub_(r, b);
            if (i >= 32) { q.y |= 1u << u32(i - 32); } else { q.x |= 1u << u32(i); }
          }
        }
        return vec4<u32>(q, r);
      }
      fn u64_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return u64_divide_(a, b).xy;
      }
      fn u64_rem_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        return u64_divide_(a, b).zw;
      }
      fn i64_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let q = u64_divide_(i64_abs_(a), i64_abs_(b)).xy;
        return select(q, i64_neg_(q), ((a.y ^ b.y) >> 31u) == 1u);
      }
      fn i64_rem_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let r = u64_divide_(i64_abs_(a), i64_abs_(b)).zw;
        return select(r, i64_neg_(r), (a.y >> 31u) == 1u);
      }
      fn i64_floor_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let r = i64_rem_(a, b);
        let less = (r.x | r.y) != 0u && ((a.y ^ b.y) >> 31u) == 1u;
        return i64_sub_(i64_div_(a, b), vec2<u32>(u32(less), 0u));
      }
      fn i64_floor_mod_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        let r = i64_rem_(a, b);
        let less = (r.x | r.y) != 0u && ((a.y ^ b.y) >> 31u) == 1u;
        return select(r, i64_add_(r, b), less);
      }
      fn i64_shl_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        if (b.y != 0u || b.x > 63u) { return vec2<u32>(0u, 0u); }
        if (b.x == 0u) { return a; }
        if (b.x > 31u) { return vec2<u32>(0u, a.x << (b.x - 32u)); }
        return vec2<u32>(a.x << b.x, (a.y << b.x) | (a.x >> (32u - b.x)));
      }
      fn u64_shr_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        if (b.y != 0u || b.x > 63u) { return vec2<u32>(0u, 0u); }
        if (b.x == 0u) { return a; }
        if (b.x > 31u) { return vec2<u32>(a.y >> (b.x - 32u), 0u); }
        return vec2<u32>((a.x >> b.x) | (a.y << (32u - b.x)), a.y >> b.x);
      }
      fn i64_shr_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
        if ((a.y >> 31u) == 0u || b.y != 0u || b.x > 63u) { return u64_shr_(a, b); }
        return ~u64_shr_(~a, b);
      }
      """;

  private final Set<String> used = new LinkedHashSet<>();

  /** Asks for a function, and those that it calls. */
  void need(String name) {
    if (used.contains(name)) {
      return;
    }
    String text = source(name);
    for (int at = text.indexOf("_("); at >= 0; at = text.indexOf("_(", at + 1)) {
      int from = at;
      while (from > 0 && isNamePart(text.charAt(from - 1))) {
        from--;
      }
      String called = text.substring(from, at + 1);
      if (!called.equals(name)) {
        need(called);
      }
    }
    used.add(name);
  }

  private static boolean isNamePart(char c) {
    return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_';
  }

  /** The functions asked for, each after those that it calls. */
  String text() {
    StringBuilder text = new StringBuilder();
    for (String name : used) {
      text.append(source(name));
    }
    return text.toString();
  }

  /** One function; of vectors, where there is none of its own, lane by lane. */
  private static String source(String name) {
    int from = SOURCE.indexOf("fn " + name + "(");
    if (from >= 0) {
      return SOURCE.substring(from, SOURCE.indexOf("\n}\n", from) + 3);
    }
    if (!name.endsWith("4_")) {
      throw new IllegalStateException("no WGSL function '" + name + "'");
    }
    String one = name.substring(0, name.length() - 2) + "_";
    return "fn " + name + "(x: vec4<f32>) -> vec4<f32> {\n  return vec4<f32>("
        + one + "(x.x), " + one + "(x.y), " + one + "(x.z), " + one + "(x.w));\n}\n";
  }
}
