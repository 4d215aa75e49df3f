namespace WholeSchoolSend.PollFiles;

/// <summary>
/// Gives a stream that can seek, which a zip archive needs: its directory is at its end. A blob's stream seeks by itself, each jump being
/// one ranged read, so nothing of the answers is written anywhere. Only what cannot seek goes to a temporary file, deleted when closed.
/// </summary>
internal static class Spool
{
    public static async Task<Stream> SeekableAsync(Stream stream, CancellationToken cancellation)
    {
        if (stream.CanSeek) return stream;
        await using (stream)
        {
            var file = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16,
                FileOptions.DeleteOnClose | FileOptions.Asynchronous);
            try
            {
                var block = new byte[1 << 16];
                for (int count; (count = await stream.ReadAsync(block, cancellation)) > 0;)
                {
                    if (file.Length > Package.MaxBytes) throw Package.TooLarge($"it has more than {Package.MaxBytes >> 20} MB");
                    await file.WriteAsync(block.AsMemory(0, count), cancellation);
                }
                file.Position = 0;
                return file;
            }
            catch
            {
                await file.DisposeAsync();
                throw;
            }
        }
    }
}
