namespace WholeSchoolSend.Simulator; internal static class Program { private static void Main() { } }
