package org.nnjit.kernel.emit.wgsl;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Functions that kernels call: 64-bit integers as {@code vec2<u32>}, low half first; integer
 * quotients and shifts that are defined everywhere; float functions where WGSL asks for less
 * precision than f32 has, or leaves infinities and NaN to chance.
 */
final class WgslLibrary {
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
      text.append("fn ").append(source(name)).append('\n');
    }
    return text.toString();
  }

  /** A function by its name, which ends in an underscore so that it meets no name of WGSL. */
  private static String source(String name) {
    return switch (name) {
      // A constant must not be an infinity or NaN; what a function makes of it may.
      case "bits_" -> "bits_(x: u32) -> f32 { return bitcast<f32>(x); }";
      case "i32_id_" -> "i32_id_(x: i32) -> i32 { return x; }";
      case "nan_" ->
          "nan_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }";
      case "inf_" ->
          "inf_(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) == 0x7f800000u; }";
      case "max_" ->
          "max_(a: f32, b: f32) -> f32 {\n"
              + "  return select(select(max(a, b), b, nan_(b)), a, nan_(a));\n}";
      case "min_" ->
          "min_(a: f32, b: f32) -> f32 {\n"
              + "  return select(select(min(a, b), b, nan_(b)), a, nan_(a));\n}";
      // Exact: each difference of neighbours within a factor of two is.
      case "rem_" ->
          "rem_(a: f32, b: f32) -> f32 {\n"
              + "  let m = abs(b);\n"
              + "  var r = abs(a);\n"
              + "  if (!(m > 0.0) || inf_(a) || nan_(a)) { return bits_(0x7fc00000u); }\n"
              + "  if (inf_(b)) { return a; }\n"
              + "  while (r >= m) {\n"
              + "    var s = m * exp2(floor(log2(r / m)));\n"
              + "    if (s > r) { s *= 0.5; }\n"
              + "    if (s * 2.0 <= r) { s *= 2.0; }\n"
              + "    r -= s;\n"
              + "  }\n"
              + "  return select(r, -r, a < 0.0);\n}";
      case "floor_mod_" ->
          "floor_mod_(a: f32, b: f32) -> f32 {\n"
              + "  let r = rem_(a, b);\n"
              + "  return select(r, r + b, r != 0.0 && (r < 0.0) != (b < 0.0));\n}";
      case "pow_" ->
          "pow_(x: f32, y: f32) -> f32 {\n"
              + "  if (y == 0.0 || x == 1.0 || (x == -1.0 && inf_(y))) { return 1.0; }\n"
              + "  if (nan_(x) || nan_(y)) { return bits_(0x7fc00000u); }\n"
              + "  if (y == 1.0) { return x; }\n"
              + "  if (y == 2.0) { return x * x; }\n"
              + "  if (y == 3.0) { return x * x * x; }\n"
              + "  let p = pow(abs(x), y);\n"
              + "  if (x >= 0.0) { return p; }\n"
              + "  if (floor(y) != y) { return select(bits_(0x7fc00000u), p, inf_(x)); }\n"
              + "  return select(-p, p, floor(y * 0.5) * 2.0 == y);\n}";
      case "log1p_" ->
          "log1p_(x: f32) -> f32 {\n"
              + "  if (abs(x) < 0.01) { return x * (1.0 - x * (0.5 - x * (0.33333333 - x * 0.25))); }\n"
              + "  return log(1.0 + x);\n}";
      case "acosh_" ->
          "acosh_(x: f32) -> f32 {\n"
              + "  if (x < 1.0) { return bits_(0x7fc00000u); }\n"
              + "  if (x > 1e18) { return log(x) + 0.6931472; }\n"
              + "  let t = x - 1.0;\n"
              + "  return log1p_(t + sqrt(t * (t + 2.0)));\n}";
      case "asinh_" ->
          "asinh_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  if (a > 1e18) { return sign(x) * (log(a) + 0.6931472); }\n"
              + "  return sign(x) * log1p_(a + a * a / (1.0 + sqrt(a * a + 1.0)));\n}";
      case "atanh_" ->
          "atanh_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  return sign(x) * 0.5 * log1p_(2.0 * a / (1.0 - a));\n}";
      case "sinh_" ->
          "sinh_(x: f32) -> f32 {\n"
              + "  let z = x * x;\n"
              + "  if (z < 1.0) {\n"
              + "    return x * (1.0 + z * (0.16666667 + z * (8.3333333e-3 + z * (1.984127e-4 + z * 2.755732e-6))));\n"
              + "  }\n"
              + "  let e = exp(abs(x) * 0.5);\n"
              + "  return sign(x) * (0.5 * e * e - 0.5 / e / e);\n}";
      case "cosh_" ->
          "cosh_(x: f32) -> f32 {\n"
              + "  let e = exp(abs(x) * 0.5);\n"
              + "  return 0.5 * e * e + 0.5 / e / e;\n}";
      case "tanh_" ->
          "tanh_(x: f32) -> f32 {\n"
              + "  let z = x * x;\n"
              + "  if (z < 0.3) {\n"
              + "    return x + x * z * (-0.33333334 + z * (0.13333333 + z * (-0.053968254 + z * (0.021869488 + z * (-8.863235e-3 + z * 3.592128e-3)))));\n"
              + "  }\n"
              + "  return sign(x) * (1.0 - 2.0 / (exp(2.0 * min_(abs(x), 10.0)) + 1.0));\n}";
      case "asin_" ->
          "asin_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  if (a > 1.0) { return bits_(0x7fc00000u); }\n"
              + "  let half = a > 0.5;\n"
              + "  let z = select(a * a, 0.5 * (1.0 - a), half);\n"
              + "  let s = select(a, sqrt(z), half);\n"
              + "  let p = s + s * z * (0.16666667 + z * (0.075 + z * (0.044642857 + z * (0.030381944 + z * (0.022372159 + z * (0.017352764 + z * (0.01396484 + z * 0.0146)))))));\n"
              + "  return select(1.0, -1.0, x < 0.0) * select(p, 1.5707964 - 2.0 * p, half);\n}";
      case "acos_" ->
          "acos_(x: f32) -> f32 {\n"
              + "  if (x > 0.5) { return 2.0 * asin_(sqrt(0.5 * (1.0 - x))); }\n"
              + "  return 1.5707964 - asin_(x);\n}";
      case "atan_" ->
          "atan_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  var base = 0.0;\n"
              + "  var t = a;\n"
              + "  if (a > 2.4142137) { base = 1.5707964; t = -1.0 / a; }\n"
              + "  else if (a > 0.41421357) { base = 0.7853982; t = (a - 1.0) / (a + 1.0); }\n"
              + "  let z = t * t;\n"
              + "  let p = t - t * z * (0.33333334 - z * (0.2 - z * (0.14285715 - z * (0.11111111 - z * (0.09090909 - z * (0.07692308 - z * 0.06))))));\n"
              + "  return select(1.0, -1.0, x < 0.0) * (base + p);\n}";
      // Below 0.5 the series, above it formula 7.1.26 of Abramowitz and Stegun: 1.5e-7.
      case "erf_" ->
          "erf_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  let z = x * x;\n"
              + "  if (a < 0.5) {\n"
              + "    return x * (1.1283792 - z * (0.37612638 - z * (0.11283792 - z * (0.026866170 - z * (5.2239776e-3 - z * 8.5483270e-4)))));\n"
              + "  }\n"
              + "  let t = 1.0 / (1.0 + 0.3275911 * a);\n"
              + "  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));\n"
              + "  return select(1.0, -1.0, x < 0.0) * (1.0 - p * exp(-min_(z, 100.0)));\n}";
      case "sigmoid_" -> "sigmoid_(x: f32) -> f32 { return 1.0 / (1.0 + exp(-x)); }";
      case "f16_round_" ->
          "f16_round_(x: f32) -> f32 {\n"
              + "  let a = abs(x);\n"
              + "  if (nan_(x)) { return x; }\n"
              + "  if (a >= 65520.0) { return select(1.0, -1.0, x < 0.0) * bits_(0x7f800000u); }\n"
              + "  if (a < 6.1035156e-5) { return round(x * 16777216.0) * 5.9604645e-8; }\n"
              + "  let b = bitcast<u32>(x);\n"
              + "  return bitcast<f32>((b + 0xfffu + ((b >> 13u) & 1u)) & 0xffffe000u);\n}";
      case "bf16_round_" ->
          "bf16_round_(x: f32) -> f32 {\n"
              + "  if (nan_(x)) { return x; }\n"
              + "  let b = bitcast<u32>(x);\n"
              + "  return bits_((b + 0x7fffu + ((b >> 16u) & 1u)) & 0xffff0000u);\n}";
      case "f32_to_i32_" ->
          "f32_to_i32_(x: f32) -> i32 {\n"
              + "  if (nan_(x)) { return 0; }\n"
              + "  if (x >= 2147483648.0) { return 2147483647; }\n"
              + "  if (x <= -2147483648.0) { return i32(-2147483648); }\n"
              + "  return i32(x);\n}";
      case "f32_to_u32_" -> "f32_to_u32_(x: f32) -> i32 { return bitcast<i32>(f32_to_i64_(x).x); }";
      case "f32_to_i64_" ->
          "f32_to_i64_(x: f32) -> vec2<u32> {\n"
              + "  let a = abs(x);\n"
              + "  if (nan_(x)) { return vec2<u32>(0u, 0u); }\n"
              + "  if (x >= 9223372036854775808.0) { return vec2<u32>(0xffffffffu, 0x7fffffffu); }\n"
              + "  if (x <= -9223372036854775808.0) { return vec2<u32>(0u, 0x80000000u); }\n"
              + "  let high = u32(a * 2.3283064e-10);\n"
              + "  let r = vec2<u32>(u32(a - f32(high) * 4294967296.0), high);\n"
              + "  if (x < 0.0) { return i64_neg_(r); }\n"
              + "  return r;\n}";
      case "f32_to_u64_" ->
          "f32_to_u64_(x: f32) -> vec2<u32> {\n"
              + "  if (x < 9223372036854775808.0 || nan_(x)) { return f32_to_i64_(x); }\n"
              + "  if (x >= 18446744073709551616.0) { return vec2<u32>(0xffffffffu, 0xffffffffu); }\n"
              + "  return f32_to_i64_(x - 9223372036854775808.0) ^ vec2<u32>(0u, 0x80000000u);\n}";
      case "u64_to_f32_" ->
          "u64_to_f32_(a: vec2<u32>) -> f32 { return f32(a.y) * 4294967296.0 + f32(a.x); }";
      case "i64_to_f32_" ->
          "i64_to_f32_(a: vec2<u32>) -> f32 {\n"
              + "  if ((a.y >> 31u) == 0u) { return u64_to_f32_(a); }\n"
              + "  return -u64_to_f32_(i64_neg_(a));\n}";
      case "i32_div_" ->
          "i32_div_(a: i32, b: i32) -> i32 { if (b == 0) { return 0; } return a / b; }";
      case "i32_rem_" ->
          "i32_rem_(a: i32, b: i32) -> i32 { if (b == 0) { return 0; } return a % b; }";
      case "i32_floor_div_" ->
          "i32_floor_div_(a: i32, b: i32) -> i32 {\n"
              + "  return i32_div_(a, b) - i32(i32_rem_(a, b) != 0 && (a < 0) != (b < 0));\n}";
      case "i32_floor_mod_" ->
          "i32_floor_mod_(a: i32, b: i32) -> i32 {\n"
              + "  let r = i32_rem_(a, b);\n"
              + "  return select(r, r + b, r != 0 && (r < 0) != (b < 0));\n}";
      case "u32_div_" ->
          "u32_div_(a: i32, b: i32) -> i32 {\n"
              + "  if (b == 0) { return 0; }\n"
              + "  return bitcast<i32>(bitcast<u32>(a) / bitcast<u32>(b));\n}";
      case "u32_rem_" ->
          "u32_rem_(a: i32, b: i32) -> i32 {\n"
              + "  if (b == 0) { return 0; }\n"
              + "  return bitcast<i32>(bitcast<u32>(a) % bitcast<u32>(b));\n}";
      case "i32_pow_" ->
          "i32_pow_(a: i32, b: i32) -> i32 {\n"
              + "  if (b < 0) { return select(select(0, 1 - 2 * (b & 1), a == -1), 1, a == 1); }\n"
              + "  var r = 1;\n"
              + "  var f = a;\n"
              + "  for (var e = b; e != 0; e = e >> 1u) {\n"
              + "    if ((e & 1) == 1) { r *= f; }\n"
              + "    f *= f;\n"
              + "  }\n"
              + "  return r;\n}";
      case "shl_" ->
          "shl_(a: i32, b: i32, width: i32) -> i32 {\n"
              + "  if (b < 0 || b >= width) { return 0; }\n"
              + "  return a << u32(b);\n}";
      case "i32_shr_" ->
          "i32_shr_(a: i32, b: i32, width: i32) -> i32 {\n"
              + "  if (b < 0 || b >= width) { return 0; }\n"
              + "  return a >> u32(b);\n}";
      case "u32_shr_" ->
          "u32_shr_(a: i32, b: i32, width: i32) -> i32 {\n"
              + "  if (b < 0 || b >= width) { return 0; }\n"
              + "  return bitcast<i32>(bitcast<u32>(a) >> u32(b));\n}";
      // The upper half is that of the sign where the mask has ones.
      case "i64_of_" ->
          "i64_of_(x: i32, mask: u32) -> vec2<u32> {\n"
              + "  return vec2<u32>(bitcast<u32>(x), bitcast<u32>(x >> 31u) & mask);\n}";
      case "i64_add_" ->
          "i64_add_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let low = a.x + b.x;\n"
              + "  return vec2<u32>(low, a.y + b.y + u32(low < a.x));\n}";
      case "i64_sub_" ->
          "i64_sub_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  return vec2<u32>(a.x - b.x, a.y - b.y - u32(a.x < b.x));\n}";
      case "i64_neg_" ->
          "i64_neg_(a: vec2<u32>) -> vec2<u32> { return i64_sub_(vec2<u32>(0u, 0u), a); }";
      case "i64_abs_" ->
          "i64_abs_(a: vec2<u32>) -> vec2<u32> { return select(a, i64_neg_(a), (a.y >> 31u) == 1u); }";
      case "i64_mul_" ->
          "i64_mul_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let p = (a.x & 0xffffu) * (b.x & 0xffffu);\n"
              + "  let q = (a.x >> 16u) * (b.x & 0xffffu) + (p >> 16u);\n"
              + "  let r = (a.x & 0xffffu) * (b.x >> 16u) + (q & 0xffffu);\n"
              + "  return vec2<u32>((r << 16u) | (p & 0xffffu),\n"
              + "    (a.x >> 16u) * (b.x >> 16u) + (q >> 16u) + (r >> 16u) + a.x * b.y + a.y * b.x);\n}";
      case "u64_lt_" ->
          "u64_lt_(a: vec2<u32>, b: vec2<u32>) -> bool {\n"
              + "  return a.y < b.y || (a.y == b.y && a.x < b.x);\n}";
      case "i64_lt_" ->
          "i64_lt_(a: vec2<u32>, b: vec2<u32>) -> bool {\n"
              + "  return bitcast<i32>(a.y) < bitcast<i32>(b.y) || (a.y == b.y && a.x < b.x);\n}";
      // Quotient, then remainder.
      case "u64_divide_" ->
          "u64_divide_(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {\n"
              + "  var q = vec2<u32>(0u, 0u);\n"
              + "  var r = vec2<u32>(0u, 0u);\n"
              + "  if ((b.x | b.y) == 0u) { return vec4<u32>(0u); }\n"
              + "  for (var i = 63; i >= 0; i--) {\n"
              + "    let word = select(a.x, a.y, i >= 32);\n"
              + "    let over = r.y >> 31u;\n"
              + "    r = vec2<u32>((r.x << 1u) | ((word >> u32(i & 31)) & 1u), (r.y << 1u) | (r.x >> 31u));\n"
              + "    if (over == 1u || !u64_lt_(r, b)) {\n"
              + "      r = i64_sub_(r, b);\n"
              + "      if (i >= 32) { q.y |= 1u << u32(i - 32); } else { q.x |= 1u << u32(i); }\n"
              + "    }\n"
              + "  }\n"
              + "  return vec4<u32>(q, r);\n}";
      case "u64_div_" ->
          "u64_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return u64_divide_(a, b).xy; }";
      case "u64_rem_" ->
          "u64_rem_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> { return u64_divide_(a, b).zw; }";
      case "i64_div_" ->
          "i64_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let q = u64_divide_(i64_abs_(a), i64_abs_(b)).xy;\n"
              + "  return select(q, i64_neg_(q), ((a.y ^ b.y) >> 31u) == 1u);\n}";
      case "i64_rem_" ->
          "i64_rem_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let r = u64_divide_(i64_abs_(a), i64_abs_(b)).zw;\n"
              + "  return select(r, i64_neg_(r), (a.y >> 31u) == 1u);\n}";
      case "i64_floor_div_" ->
          "i64_floor_div_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let r = i64_rem_(a, b);\n"
              + "  let less = (r.x | r.y) != 0u && ((a.y ^ b.y) >> 31u) == 1u;\n"
              + "  return i64_sub_(i64_div_(a, b), vec2<u32>(u32(less), 0u));\n}";
      case "i64_floor_mod_" ->
          "i64_floor_mod_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  let r = i64_rem_(a, b);\n"
              + "  let less = (r.x | r.y) != 0u && ((a.y ^ b.y) >> 31u) == 1u;\n"
              + "  return select(r, i64_add_(r, b), less);\n}";
      case "i64_shl_" ->
          "i64_shl_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  if (b.y != 0u || b.x > 63u) { return vec2<u32>(0u, 0u); }\n"
              + "  if (b.x == 0u) { return a; }\n"
              + "  if (b.x > 31u) { return vec2<u32>(0u, a.x << (b.x - 32u)); }\n"
              + "  return vec2<u32>(a.x << b.x, (a.y << b.x) | (a.x >> (32u - b.x)));\n}";
      case "u64_shr_" ->
          "u64_shr_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  if (b.y != 0u || b.x > 63u) { return vec2<u32>(0u, 0u); }\n"
              + "  if (b.x == 0u) { return a; }\n"
              + "  if (b.x > 31u) { return vec2<u32>(a.y >> (b.x - 32u), 0u); }\n"
              + "  return vec2<u32>((a.x >> b.x) | (a.y << (32u - b.x)), a.y >> b.x);\n}";
      case "i64_shr_" ->
          "i64_shr_(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {\n"
              + "  if ((a.y >> 31u) == 0u || b.y != 0u || b.x > 63u) { return u64_shr_(a, b); }\n"
              + "  return ~u64_shr_(~a, b);\n}";
      default -> throw new IllegalStateException("no WGSL function '" + name + "'");
    };
  }
}
