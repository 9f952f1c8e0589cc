// What every client counts and checks.
class Calls {
    static int calls = 0;

    static void called(boolean right, Object answer) {
        calls++;
        if (!right) throw new AssertionError("call " + calls + ": " + answer);
    }
}
