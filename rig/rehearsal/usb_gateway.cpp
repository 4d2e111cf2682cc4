#include "rig/rehearsal/usb_gateway.hpp"

#include <glib-unix.h>
#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <umockdev.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <deque>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace lockrig::rehearsal {
namespace {

struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};
using Data = std::unique_ptr<UMockdevIoctlData, Unref>;
using Client = std::unique_ptr<UMockdevIoctlClient, Unref>;

/// Memory of the client that a pointer inside `data` leads to; null where it leads
/// nowhere. Only while the client waits.
Data resolve(UMockdevIoctlData* data, std::size_t offset, std::size_t length) {
  GError* error = nullptr;
  Data found(umockdev_ioctl_data_resolve(data, offset, length, &error));
  g_clear_error(&error);
  return found;
}

template <class T>
T& as(const Data& data) {
  return *reinterpret_cast<T*>(data->data);
}

int errno_of(twin::UsbStatus status) {
  switch (status) {
    case twin::UsbStatus::ok:
      return 0;
    case twin::UsbStatus::stall:
      return EPIPE;
    case twin::UsbStatus::cancelled:
      return ENOENT;
    case twin::UsbStatus::gone:
      return ESHUTDOWN;
  }
  return EIO;
}

struct Handle;

struct Device {
  explicit Device(twin::FtdiUsb& device) : usb(&device) {}
  twin::FtdiUsb* usb;  // null once it is gone; the world's thread alone follows it
  bool gone = false;
  std::map<unsigned, const Handle*> claimed;  // by interface
};

/// The client's own memory is at `address`.
struct Urb {
  std::size_t address;
  Data data;
  Data buffer;
};

struct Pending {
  std::shared_ptr<Urb> urb;
  std::weak_ptr<twin::UsbTransfer> transfer;
};

/// A descriptor that a client has open.
struct Handle {
  ~Handle() {
    if (timer != nullptr) g_source_destroy(timer);
    if (timer != nullptr) g_source_unref(timer);
    if (timer_fd >= 0) ::close(timer_fd);
  }

  std::shared_ptr<Device> device;
  std::vector<Pending> pending;
  std::deque<std::shared_ptr<Urb>> finished;
  Client held;        // waits for an URB to finish
  Data held_pointer;  // where it wants its address
  GSource* timer = nullptr;
  int timer_fd = -1;
};

void fail(UMockdevIoctlClient* client, int error) {
  umockdev_ioctl_client_complete(client, -1, error);
}

void succeed(UMockdevIoctlClient* client) {
  umockdev_ioctl_client_complete(client, 0, 0);
}

void reap(Handle& handle, UMockdevIoctlClient* client, const Data& pointer) {
  const std::shared_ptr<Urb> urb = std::move(handle.finished.front());
  handle.finished.pop_front();
  umockdev_ioctl_data_set_ptr(pointer.get(), 0, urb->data.get());
  succeed(client);
}

}  // namespace

/// Outlives the gateway as long as umockdev's thread may call.
struct UsbGateway::State : std::enable_shared_from_this<State> {
  explicit State(World& of) : world(&of), changed(of) {}

  // In umockdev's thread.
  void handle(UMockdevIoctlClient* client);
  std::shared_ptr<Handle> handle_of(UMockdevIoctlClient* client);
  void submit(UMockdevIoctlClient* client, const std::shared_ptr<Handle>& handle);
  void discard(UMockdevIoctlClient* client, Handle& handle);
  void reap_or_hold(UMockdevIoctlClient* client, const std::shared_ptr<Handle>& handle);
  void claim(UMockdevIoctlClient* client, Handle& handle, bool claimed);
  void arm(const std::shared_ptr<Handle>& handle);
  void let_go(Handle& handle);

  // In either thread.
  void forget(UMockdevIoctlClient* client);
  void post(std::function<void()> job);

  // In the world's thread.
  void finished(const std::weak_ptr<Handle>& of, const std::shared_ptr<Urb>& urb,
                twin::UsbStatus status, std::size_t count, ByteView data);
  Task<void> serve();

  std::recursive_mutex mutex;  // of everything but the world's own
  World* world;                // null once the gateway is gone
  std::map<std::string, std::shared_ptr<Device>> devices;
  std::map<UMockdevIoctlClient*, std::shared_ptr<Handle>> handles;
  std::vector<std::function<void()>> jobs;
  Signal changed;
};

std::shared_ptr<Handle> UsbGateway::State::handle_of(UMockdevIoctlClient* client) {
  const std::lock_guard lock(mutex);
  auto& handle = handles[client];
  if (!handle) {
    handle = std::make_shared<Handle>();
    handle->device = devices.at(umockdev_ioctl_client_get_devnode(client));
    auto* self = new std::weak_ptr<State>(shared_from_this());
    g_object_weak_ref(
        G_OBJECT(client),
        [](gpointer data, GObject* object) {
          const std::unique_ptr<std::weak_ptr<State>> state(
              static_cast<std::weak_ptr<State>*>(data));
          if (const auto alive = state->lock()) {
            alive->forget(reinterpret_cast<UMockdevIoctlClient*>(object));
          }
        },
        self);
  }
  return handle;
}

void UsbGateway::State::handle(UMockdevIoctlClient* client) {
  const std::shared_ptr<Handle> handle = handle_of(client);
  const gulong request = umockdev_ioctl_client_get_request(client);
  {
    const std::lock_guard lock(mutex);
    const bool reaps = request == USBDEVFS_REAPURBNDELAY || request == USBDEVFS_REAPURB;
    if (handle->device->gone && !reaps) return fail(client, ENODEV);
  }
  switch (request) {
    case USBDEVFS_SUBMITURB:
      return submit(client, handle);
    case USBDEVFS_REAPURB:
    case USBDEVFS_REAPURBNDELAY:
      return reap_or_hold(client, handle);
    case USBDEVFS_DISCARDURB:
      return discard(client, *handle);
    case USBDEVFS_GET_CAPABILITIES: {
      const Data flags = resolve(umockdev_ioctl_client_get_arg(client), 0, 4);
      if (!flags) return fail(client, EFAULT);
      as<std::uint32_t>(flags) = USBDEVFS_CAP_ZERO_PACKET |
                                 USBDEVFS_CAP_NO_PACKET_SIZE_LIM |
                                 USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
      return succeed(client);
    }
    case USBDEVFS_CLAIMINTERFACE:
      return claim(client, *handle, true);
    case USBDEVFS_RELEASEINTERFACE:
      return claim(client, *handle, false);
    case USBDEVFS_GETDRIVER:
    case USBDEVFS_IOCTL:  // libusb's way to detach a driver; there is none
      return fail(client, ENODATA);
    case USBDEVFS_SETCONFIGURATION:
    case USBDEVFS_SETINTERFACE:
    case USBDEVFS_CLEAR_HALT:
    case USBDEVFS_RESETEP:
      return succeed(client);
    default:
      return fail(client, ENOTTY);
  }
}

void UsbGateway::State::claim(UMockdevIoctlClient* client, Handle& handle,
                              bool claimed) {
  const Data number = resolve(umockdev_ioctl_client_get_arg(client), 0, 4);
  if (!number) return fail(client, EFAULT);
  const auto interface = as<unsigned>(number);
  const std::lock_guard lock(mutex);
  auto& holders = handle.device->claimed;
  const auto holder = holders.find(interface);
  if (holder != holders.end() && holder->second != &handle) return fail(client, EBUSY);
  if (claimed) {
    holders[interface] = &handle;
  } else {
    holders.erase(interface);
  }
  succeed(client);
}

void UsbGateway::State::submit(UMockdevIoctlClient* client,
                               const std::shared_ptr<Handle>& handle) {
  using Kind = twin::UsbTransfer::Kind;
  auto urb = std::make_shared<Urb>();
  urb->data = resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(usbdevfs_urb));
  if (!urb->data) return fail(client, EFAULT);
  urb->address = urb->data->client_addr;
  const auto& fields = as<usbdevfs_urb>(urb->data);
  const bool control = fields.type == USBDEVFS_URB_TYPE_CONTROL;
  if ((!control && fields.type != USBDEVFS_URB_TYPE_BULK) || fields.buffer_length < 0) {
    return fail(client, EINVAL);
  }
  const auto length = static_cast<std::size_t>(fields.buffer_length);
  if (length > 0) {
    urb->buffer = resolve(urb->data.get(), offsetof(usbdevfs_urb, buffer), length);
    if (!urb->buffer) return fail(client, EFAULT);
  }
  const bool in = (fields.endpoint & 0x80) != 0;
  auto transfer = std::make_shared<twin::UsbTransfer>();
  transfer->kind = control ? Kind::control : in ? Kind::in : Kind::out;
  transfer->channel = twin::FtdiUsb::channel_of(fields.endpoint);
  transfer->length = length;
  if (transfer->kind != Kind::in && length > 0) {
    transfer->data.assign(urb->buffer->data, urb->buffer->data + length);
  }
  transfer->done = [self = weak_from_this(), of = std::weak_ptr(handle), urb](
                       twin::UsbStatus status, std::size_t count, ByteView data) {
    if (const auto state = self.lock()) state->finished(of, urb, status, count, data);
  };
  {
    const std::lock_guard lock(mutex);
    handle->pending.push_back({urb, transfer});
  }
  post([device = handle->device, transfer] {
    if (device->usb == nullptr) {
      transfer->done(twin::UsbStatus::gone, 0, {});
    } else {
      device->usb->submit(transfer);
    }
  });
  succeed(client);
}

void UsbGateway::State::discard(UMockdevIoctlClient* client, Handle& handle) {
  std::size_t address = 0;
  std::memcpy(&address, umockdev_ioctl_client_get_arg(client)->data, sizeof(address));
  const std::lock_guard lock(mutex);
  const auto found =
      std::find_if(handle.pending.begin(), handle.pending.end(),
                   [=](const Pending& p) { return p.urb->address == address; });
  if (found == handle.pending.end()) return fail(client, EINVAL);
  post([device = handle.device, transfer = found->transfer.lock()] {
    if (device->usb != nullptr && transfer) device->usb->cancel(transfer);
  });
  succeed(client);
}

void UsbGateway::State::reap_or_hold(UMockdevIoctlClient* client,
                                     const std::shared_ptr<Handle>& handle) {
  Data pointer = resolve(umockdev_ioctl_client_get_arg(client), 0, sizeof(void*));
  if (!pointer) return fail(client, EFAULT);
  const std::lock_guard lock(mutex);
  if (!handle->finished.empty()) return reap(*handle, client, pointer);
  if (handle->pending.empty()) {
    return fail(client, handle->device->gone ? ENODEV : EAGAIN);
  }
  handle->held.reset(static_cast<UMockdevIoctlClient*>(g_object_ref(client)));
  handle->held_pointer = std::move(pointer);
  if (umockdev_ioctl_client_get_request(client) == USBDEVFS_REAPURBNDELAY) arm(handle);
}

void UsbGateway::State::arm(const std::shared_ptr<Handle>& handle) {
  if (handle->timer == nullptr) {
    using Target = std::pair<std::weak_ptr<State>, std::weak_ptr<Handle>>;
    handle->timer_fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    handle->timer = g_unix_fd_source_new(handle->timer_fd, G_IO_IN);
    const GUnixFDSourceFunc fired = [](gint fd, GIOCondition,
                                       gpointer data) -> gboolean {
      std::uint64_t times = 0;
      const auto* target = static_cast<Target*>(data);
      const auto state = target->first.lock();
      const auto of = target->second.lock();
      if (::read(fd, &times, sizeof(times)) > 0 && state && of) state->let_go(*of);
      return G_SOURCE_CONTINUE;
    };
    g_source_set_callback(handle->timer, G_SOURCE_FUNC(fired),
                          new Target(weak_from_this(), handle),
                          [](gpointer data) { delete static_cast<Target*>(data); });
    g_source_attach(handle->timer, g_main_context_get_thread_default());
  }
  itimerspec after{};
  after.it_value.tv_nsec = kHold.count();
  ::timerfd_settime(handle->timer_fd, 0, &after, nullptr);
}

void UsbGateway::State::let_go(Handle& handle) {
  const std::lock_guard lock(mutex);
  if (!handle.held) return;
  fail(handle.held.get(), EAGAIN);
  handle.held_pointer.reset();
  handle.held.reset();
}

void UsbGateway::State::forget(UMockdevIoctlClient* client) {
  const std::lock_guard lock(mutex);
  const auto found = handles.find(client);
  if (found == handles.end()) return;
  const std::shared_ptr<Handle> handle = std::move(found->second);
  handles.erase(found);
  std::erase_if(handle->device->claimed,
                [&](const auto& claimed) { return claimed.second == handle.get(); });
  // The transfers are kept by the device; the job keeps the handle until they are gone.
  post([handle] {
    for (const Pending& pending : std::vector(handle->pending)) {
      const auto transfer = pending.transfer.lock();
      if (handle->device->usb != nullptr && transfer)
        handle->device->usb->cancel(transfer);
    }
  });
}

void UsbGateway::State::post(std::function<void()> job) {
  const std::lock_guard lock(mutex);
  if (world == nullptr) return;
  jobs.push_back(std::move(job));
  if (jobs.size() > 1) return;
  boost::asio::post(world->outside(), [self = weak_from_this()] {
    if (const auto state = self.lock()) state->changed.notify();
  });
}

Task<void> UsbGateway::State::serve() {
  for (;;) {
    std::vector<std::function<void()>> now;
    {
      const std::lock_guard lock(mutex);
      now.swap(jobs);
    }
    if (now.empty()) {
      co_await changed.wait(kNever, "requests of the host");
      continue;
    }
    for (const auto& job : now) job();
  }
}

void UsbGateway::State::finished(const std::weak_ptr<Handle>& of,
                                 const std::shared_ptr<Urb>& urb,
                                 twin::UsbStatus status, std::size_t count,
                                 ByteView data) {
  const std::lock_guard lock(mutex);
  const auto handle = of.lock();
  if (!handle) return;
  auto& fields = as<usbdevfs_urb>(urb->data);
  fields.status = -errno_of(status);
  fields.actual_length = static_cast<int>(count);
  if (!data.empty()) {
    // Behind the set-up packet, in a control transfer.
    const std::size_t at = fields.type == USBDEVFS_URB_TYPE_CONTROL ? 8 : 0;
    const std::size_t room = static_cast<std::size_t>(fields.buffer_length) - at;
    std::memcpy(urb->buffer->data + at, data.data(), std::min(room, data.size()));
  }
  std::erase_if(handle->pending, [&](const Pending& p) { return p.urb == urb; });
  handle->finished.push_back(urb);
  if (!handle->held) return;
  reap(*handle, handle->held.get(), handle->held_pointer);
  handle->held_pointer.reset();
  handle->held.reset();
}

UsbGateway::UsbGateway(World& world, UMockdevTestbed* test_bed)
    : test_bed_(test_bed), state_(std::make_shared<State>(world)) {
  world.outside();  // made before another thread posts to it
  server_ = std::make_unique<Life>(world, "USB");
  server_->spawn([](std::shared_ptr<State> state) -> Task<void> {
    co_await state->serve();
  }(state_));
}

UsbGateway::~UsbGateway() {
  server_.reset();
  const std::lock_guard lock(state_->mutex);
  state_->world = nullptr;
  state_->jobs.clear();
}

void UsbGateway::open(const std::string& node, twin::FtdiUsb& device) {
  {
    const std::lock_guard lock(state_->mutex);
    state_->devices[node] = std::make_shared<Device>(device);
  }
  UMockdevIoctlBase* const base = umockdev_ioctl_base_new();
  using Kept = std::shared_ptr<State>;
  const auto handler =
      +[](UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer state) -> gboolean {
    (*static_cast<Kept*>(state))->handle(client);
    return TRUE;
  };
  g_signal_connect_data(
      base, "handle-ioctl", G_CALLBACK(handler), new Kept(state_),
      [](gpointer state, GClosure*) { delete static_cast<Kept*>(state); },
      GConnectFlags(0));
  GError* error = nullptr;
  umockdev_testbed_attach_ioctl(test_bed_, node.c_str(), base, &error);
  g_object_unref(base);
  if (error != nullptr) {
    const std::string what = error->message;
    g_error_free(error);
    throw std::runtime_error("umockdev: " + what);
  }
}

void UsbGateway::close(const std::string& node) {
  const std::lock_guard lock(state_->mutex);
  Device& device = *state_->devices.at(node);
  device.usb = nullptr;
  device.gone = true;
}

}  // namespace lockrig::rehearsal
