/** V8 takes note of what a function reads from its tenth call or so. */
const CALLS = 100

class Text extends String {}
const text = new Text('text')
const read = () => text.charCodeAt(0)

/**
 * To be called once ioredis is loaded. It derives a class from String (for a kind of answer of RESP 3) and makes no object of it:
 * V8 then keeps the methods of strings in a dictionary, where compiled code looks up each call of charCodeAt, and a loop over
 * a text takes ten times as long in the whole process. Reading a method of an object of such a class ends that.
 */
export function keepStringsFast(): void {
  for (let call = 0; call < CALLS; call++) read()
}
