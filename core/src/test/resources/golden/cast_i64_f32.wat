;; f32_cast__9__v4: mapreduce lanes=4 tile=1
(module
  (type $t0 (func (param i32 i32 i32 i32)))
  (import "env" "memory" (memory 0))
  (export "run" (func $f0))
  (func $f0 (type $t0) (param $p0 i32) (param $p1 i32) (param $p2 i32) (param $p3 i32)
    (local $l4 i32) (local $l5 i32) (local $l6 i32)
    i32.const 0
    local.set $l4
    loop $b0
      local.get $p0
      local.get $l4
      i32.const 3
      i32.shl
      i32.add
      local.set $l5
      local.get $p1
      local.get $l4
      i32.const 2
      i32.shl
      i32.add
      local.set $l6
      local.get $l6
      local.get $l5
      i64.load
      f32.convert_i64_s
      f32.store
      local.get $l4
      i32.const 1
      i32.add
      local.tee $l4
      i32.const 9
      i32.lt_s
      br_if $b0
    end
  )
)
